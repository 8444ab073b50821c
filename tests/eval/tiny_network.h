// A network and divided images small enough for tests of a whole evaluation.
#pragma once

#include <memory>

#include <ATen/Parallel.h>

#include "eval/baselines.h"
#include "eval/fake_dataset.h"
#include "eval/frozen_network.h"
#include "eval/splits.h"

namespace nadir::eval {

// One thread: on a busy machine small products wait longer for a second one
// than they take.
inline FrozenNetwork tiny_network() {
  at::set_num_threads(1);
  model::VitConfig config;
  config.arch = "vit_nano";
  config.patch_size = 8;
  config.image_size = 16;
  FrozenNetwork frozen;
  frozen.network = random_network(config, 5);
  frozen.name = "tiny";
  frozen.sha256 = "0123";
  frozen.normalization = data::make_normalization(
      "imagenet", {"R", "G", "B"}, raster::PixelType::kUint8, nullptr);
  return frozen;
}

inline Splits fake_splits(bool is_multi_label) {
  return make_splits(
      {},
      std::make_shared<FakeDataset>(80, is_multi_label, true),
      nullptr,
      nullptr,
      true);
}

}  // namespace nadir::eval
