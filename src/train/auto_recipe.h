// `--recipe auto`: hyperparameters for sets and batches of any size, since the
// reference's defaults suit a million images and a batch of 512.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "train/pretrain_config.h"

namespace nadir::train {

struct AutoChoice {
  std::string key;
  std::string value;
  std::string reason;
};

// What auto goes by.
struct DataShape {
  int64_t num_images = 0;
  int64_t image_px = 0;    // shorter side of an image
  int64_t world_size = 1;  // processes that share a step
};

// Sets the fields of `config` that suit the data, but for those in `given`
// (keys the user set), and tells what was chosen and why. Rules:
// docs/recipes.md.
std::vector<AutoChoice> apply_auto_recipe(
    PretrainConfig& config,
    const DataShape& data,
    const std::set<std::string>& given);

}  // namespace nadir::train
