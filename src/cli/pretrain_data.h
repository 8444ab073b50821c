// The images that `nadir pretrain` reads.
#pragma once

#include <cstdint>
#include <memory>

#include "data/dataset.h"
#include "data/normalization.h"
#include "train/pretrain_config.h"

namespace nadir::cli {

struct PretrainData {
  std::shared_ptr<const data::Dataset> dataset;
  data::Normalization normalization;
  int64_t image_px = 0;  // shorter side of the first image
  std::shared_ptr<store::RemoteFiles> remote;
};

// Opens the training images: the split asked for, or 'train' where the data
// has splits and none was. Throws what data::open_dataset() throws.
[[nodiscard]] PretrainData open_pretrain_data(
    const train::PretrainConfig& config,
    const std::shared_ptr<store::RemoteFiles>& remote);

}  // namespace nadir::cli
