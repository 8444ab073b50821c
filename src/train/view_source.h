// From a dataset to batches of views: the loader's work for pretraining.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "augment/view_maker.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/normalization.h"
#include "model/device_copy.h"
#include "train/pretrain_config.h"

namespace nadir::train {

// The views of some images, in two groups of equal size: [2 B, C, S, S] and,
// where there are local views, [L B, C, s, s]; row v * B + b is view v of image
// b. On the CPU the tensors point into `batch`, which they need alive.
struct ViewBatch {
  std::shared_ptr<const data::Batch> batch;
  std::vector<at::Tensor> groups;
  int64_t num_images = 0;
  double wait_s = 0;  // that next() waited
};

// Draws views of `dataset` in batches, for a GPU copied to it while it computes
// with the batch before. View v of image i in epoch e is a pure
// function of (seed, e, i, v). One consumer.
class ViewSource {
 public:
  // Rank `rank` of `world_size` draws its share of every batch. Throws
  // Error{kInvalidArgument} on fields out of range, or if a batch is larger
  // than the dataset.
  ViewSource(
      std::shared_ptr<const data::Dataset> dataset,
      const data::Normalization& normalization,
      const PretrainConfig& config,
      int64_t rank = 0,
      int64_t world_size = 1,
      at::Device device = at::kCPU);

  [[nodiscard]] int64_t batches_per_epoch() const {
    return loader_->steps_per_epoch();
  }

  // Goes on with batch `batch_in_epoch` of `epoch`, up to the end of the last.
  void start(int64_t epoch, int64_t batch_in_epoch, int64_t num_epochs);

  // Waits for the next batch, the views of which lie on the device. Throws what
  // reading an image threw.
  [[nodiscard]] ViewBatch next();

  // Images that could not be read so far, with what was wrong.
  [[nodiscard]] std::vector<std::pair<int64_t, std::string>> bad_images()
      const {
    return loader_->bad_images();
  }

 private:
  // Waits for the loader's next batch; begins to copy it to a GPU.
  [[nodiscard]] ViewBatch load();
  // The same where the loader has one ready, for the next but one next().
  void load_ahead();

  std::shared_ptr<const data::Dataset> dataset_;
  data::Normalization normalization_;
  augment::ViewMaker view_maker_;
  uint64_t seed_;
  int64_t num_bands_;
  std::optional<model::DeviceCopier> copier_;  // for a GPU
  std::optional<ViewBatch> ahead_;
  std::exception_ptr error_ahead_;
  std::unique_ptr<data::Loader> loader_;  // last: its threads use the others
};

}  // namespace nadir::train
