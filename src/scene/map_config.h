#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/features_config.h"

namespace nadir::scene {

struct MapConfig {
  std::string scene;
  // What scene and change are called, where they are copies of what the user
  // named.
  std::string scene_name;
  std::string change_name;
  std::string weights;
  std::string checkpoint_key;
  std::string probe;
  std::string segment;
  int64_t cell_px = 0;
  int64_t embeddings = 0;
  std::string components;
  std::string change;
  int64_t window_px = 0;
  int64_t stride_px = 0;
  std::string blend = "cosine";
  std::string out = "map";
  bool picture = false;
  bool overwrite = false;
  bool dry_run = false;
  double min_valid = 0.5;
  std::string nodata;
  std::vector<std::string> band_names;
  std::vector<std::string> bands;
  std::string normalization;
  int64_t resize_px = -1;
  int64_t crop_px = 0;
  int64_t blocks = 1;
  bool mean_patch = false;
  int64_t seed = 0;
  int64_t batch_size = 64;
  int64_t num_workers = 0;
  std::string device = "cpu";
  std::string precision = "fp32";
  std::string part;

  // All but the scene, which is a word, and the part, which the command names.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        weights,
        "weights",
        "A run folder, a checkpoint, a safetensors file, or an official DINO "
        ".pth; with --probe, where it moved since the probe was trained.");
    visit(
        probe,
        "probe",
        "Map the probabilities of the classes of this probe: the folder that "
        "`nadir eval linear` wrote, RUN/eval/linear, or its run.");
    visit(
        segment,
        "segment",
        "Map what this segmentation head says of the pixels: the folder that "
        "`nadir eval segment` wrote, RUN/eval/segment/linear.");
    visit(
        cell_px,
        "cell_px",
        "Side of a cell of the map with --segment, a divisor of window_px; 0 "
        "is about a token.");
    visit(
        embeddings,
        "embeddings",
        "Map so many principal components of the embeddings.");
    visit(
        components,
        "components",
        "Take the components from this file, components.safetensors of an "
        "earlier map, so that both show the same.");
    visit(
        change,
        "change",
        "Map the change to this scene: another date on the same grid.");
    visit(
        window_px,
        "window_px",
        "Side of a window in pixels of the scene: that of the images the "
        "network was trained on (BigEarthNet's have 120, EuroSAT's 64).");
    visit(
        stride_px,
        "stride_px",
        "Pixels from one window to the next, and side of a cell of the map; 0 "
        "is half a window.");
    visit(
        blend,
        "blend",
        "cosine: a cell is the mean of the windows over it, nearer ones "
        "counting more; none: it is the nearest window.");
    visit(out, "out", "Folder for the maps.");
    visit(
        picture, "picture", "Draw the scene beside its maps, as picture.png.");
    visit(overwrite, "overwrite", "Replace other maps in that folder.");
    visit(
        dry_run,
        "dry_run",
        "Say what would be computed and written, and what it needs.");
    visit(
        min_valid,
        "min_valid",
        "Least share of valid pixels of a window that is looked at.");
    visit(
        nodata,
        "nodata",
        "Value of pixels without data, or none; default: what the scene "
        "says.");
    visit(
        band_names,
        "band_names",
        "Names of all bands of the scene in its order, where it does not say "
        "them.");
    visit(
        bands,
        "bands",
        "Bands of the scene to read, in order, for weights that do not name "
        "theirs.");
    visit(
        normalization,
        "normalization",
        "Normalisation by name, for weights that carry none.");
    visit(
        resize_px,
        "resize_px",
        "Shorter side of a window before the centre crop; -1 is crop_px * 256 "
        "/ 224, 0 squeezes the whole window into the crop. A probe says it "
        "itself.");
    visit(
        crop_px,
        "crop_px",
        "Side of the square given to the network; 0 is the side it was trained "
        "with. A probe says it itself.");
    visit(
        blocks,
        "blocks",
        "Last blocks whose CLS tokens are joined as embedding.");
    visit(
        mean_patch,
        "mean_patch",
        "Join the mean of the last block's patch tokens to the embedding.");
    visit(
        checkpoint_key,
        "checkpoint_key",
        "teacher or student, for weights that hold both.");
    visit(seed, "seed", "Seed of the windows that components are fitted to.");
    visit(batch_size, "batch_size", "Windows a forward pass.");
    visit(
        num_workers,
        "num_workers",
        "Threads that cut windows; 0 takes all processors.");
    visit(device, "device", "cpu, cuda or cuda:N.");
    visit(precision, "precision", eval::kPrecisionHelp);
  }
};

}  // namespace nadir::scene
