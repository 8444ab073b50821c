// What `nadir eval segment` is told: data, network, head. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/catalog.h"
#include "eval/features_config.h"

namespace nadir::eval {

struct SegmentDataConfig {
  std::string data;
  std::string masks;
  std::string mask_name;
  std::vector<std::string> classes;
  std::vector<double> ignore;
  std::string index;
  std::string val_names;
  std::string test_names;
  double val_share = data::kValidationShare;
  double test_share = data::kTestShare;
  int64_t split_seed = 0;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(data, "data", "Images: whatever `nadir pretrain --data` takes.");
    visit(
        masks,
        "masks",
        "Folder with one mask an image, at any depth: a TIFF or PNG of one "
        "band, of the image's size, with the image's name without its "
        "extension.");
    visit(
        mask_name,
        "mask_name",
        "PATTERN=TEXT: a mask is named as its image with what the regular "
        "expression PATTERN finds replaced by TEXT; '$=_mask' appends.");
    visit(
        classes,
        "classes",
        "VALUE=NAME of each class in the masks, e.g. 10=building,30=road; "
        "10=building:#e6194b gives a colour. Or a CSV file with the columns "
        "value,name,color. Default: classes.csv in --masks, else every value "
        "that the masks hold.");
    visit(ignore, "ignore", "Values of the masks that nobody is judged on.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        val_names,
        "val_names",
        "File with names of images, one a line: those that select.");
    visit(
        test_names,
        "test_names",
        "File with names of images, one a line: those that are scored.");
    visit(
        val_share,
        "val_share",
        "Share of the training images set aside to select on where neither "
        "the data nor --val-names says which.");
    visit(
        test_share,
        "test_share",
        "Share of the images set aside to be scored where neither the data "
        "nor --test-names says which. Images that overlap stay together.");
    visit(split_seed, "split_seed", "Another seed sets other images aside.");
  }
};

struct SegmentViewConfig {
  std::string weights;
  std::string checkpoint_key;
  std::vector<std::string> bands;
  std::string normalization;
  int64_t window_px = 0;
  int64_t input_px = 0;
  int64_t blocks = 1;
  int64_t window_batch_size = 16;
  std::string device = "cpu";
  std::string precision = "fp32";
  std::string feature_cache = "none";

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        weights,
        "weights",
        "A run folder, a checkpoint, a safetensors file, or an official DINO "
        ".pth.");
    visit(
        checkpoint_key,
        "checkpoint_key",
        "teacher or student, for weights that hold both; the teacher unless "
        "given.");
    visit(
        bands,
        "bands",
        "Bands of the data, in order, for weights that do not name theirs.");
    visit(
        normalization,
        "normalization",
        "Normalisation by name, for weights that carry none; others refuse a "
        "different one.");
    visit(
        window_px,
        "window_px",
        "Side in pixels of the windows that images are cut into; 0 is "
        "input_px, or the first image's shorter side where that is less.");
    visit(
        input_px,
        "input_px",
        "Side to which a window is resized for the network, a multiple of its "
        "patch size; 0 is window_px rounded up to one, or without it the side "
        "that the network was trained with.");
    visit(
        blocks,
        "blocks",
        "Number of last blocks whose patch tokens are joined.");
    visit(window_batch_size, "window_batch_size", "Windows a forward pass.");
    visit(device, "device", "cpu, cuda or cuda:N.");
    visit(precision, "precision", kPrecisionHelp);
    visit(
        feature_cache,
        "feature_cache",
        "Folder where patch tokens are kept for the next time; 'none' keeps "
        "nothing.");
  }
};

struct SegmentHeadConfig {
  std::vector<std::string> head = {"linear"};
  int64_t epochs = 20;
  int64_t batch_size = 8;
  std::vector<double> lr = {0.0003, 0.001, 0.003, 0.01, 0.03};
  int64_t seed = 0;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        head,
        "head",
        "linear: a linear map of each patch token; conv: two convolutions of "
        "3 x 3 over the tokens. linear,conv trains both.");
    visit(epochs, "epochs", "Passes over the training windows.");
    visit(batch_size, "batch_size", "Windows a step.");
    visit(
        lr,
        "lr",
        "Learning rates of Adam that are tried at once; validation selects.");
    visit(
        seed,
        "head_seed",
        "Seed of the heads' first weights, the order of windows and the "
        "bootstrap.");
  }
};

}  // namespace nadir::eval
