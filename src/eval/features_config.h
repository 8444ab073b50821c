#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::eval {

inline constexpr const char* kPrecisionHelp =
    "fp32; bf16 (fast on GPUs and on CPUs with AMX or AVX-512 BF16); int8 on "
    "the CPU "
    "(fast with VNNI); auto takes the faster of fp32 and bf16.";

struct FeaturesConfig {
  std::string weights;
  std::string checkpoint_key;
  std::vector<std::string> bands;
  std::string normalization;
  int64_t resize_px = -1;
  int64_t crop_px = 0;
  int64_t train_views = 0;
  int64_t feature_batch_size = 64;
  int64_t num_workers = 0;
  std::string device = "cpu";
  std::string precision = "fp32";
  std::string feature_cache;

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
        resize_px,
        "resize_px",
        "Shorter side before the centre crop; -1 is crop_px * 256 / 224, 0 "
        "squeezes the whole image into the crop.");
    visit(
        crop_px,
        "crop_px",
        "Side of the square given to the network; 0 is the side it was trained "
        "with.");
    visit(
        train_views,
        "train_views",
        "Random resized crops with flips of each training image; 0 uses the "
        "test view.");
    visit(feature_batch_size, "feature_batch_size", "Images a forward pass.");
    visit(
        num_workers,
        "num_workers",
        "Threads that read images; 0 takes all processors.");
    visit(device, "device", "cpu, cuda or cuda:N.");
    visit(precision, "precision", kPrecisionHelp);
    visit(
        feature_cache,
        "feature_cache",
        "Folder where features are kept; 'none' keeps nothing; default: beside "
        "the results.");
  }
};

}  // namespace nadir::eval
