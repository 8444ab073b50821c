#include "bench/training_step.h"

#include <ATen/ATen.h>

namespace nadir::bench {
namespace {

constexpr int64_t kBands = 3;

train::PretrainConfig config_of(const StepShape& shape) {
  train::PretrainConfig config;
  config.model.arch = shape.arch;
  config.model.patch_size = shape.patch_size;
  config.views.global_crop_size = shape.global_px;
  config.views.local_crop_size = shape.local_px;
  config.head.out_dim = shape.out_dim;
  config.optim.batch_size_per_gpu = shape.batch_size;
  config.run.precision = shape.precision;
  return config;
}

train::MicroBatch draw_views(const train::PretrainConfig& config) {
  const int64_t batch = config.optim.batch_size_per_gpu;
  const int64_t global = config.views.global_crop_size;
  const int64_t local = config.views.local_crop_size;
  const int64_t num_local = config.views.local_crops_number * batch;
  return {
      {at::randn({2 * batch, kBands, global, global}),
       at::randn({num_local, kBands, local, local})},
      batch};
}

}  // namespace

TrainingStep::TrainingStep(const StepShape& shape)
    : config_(config_of(shape)),
      batches_{draw_views(config_), draw_views(config_)},
      learner_(config_, kBands, at::kCPU) {}

bool TrainingStep::run() {
  const train::StepValues values = {
      .lr = 1e-4,
      .weight_decay = 0.04,
      .momentum = 0.996,
      .teacher_temp = 0.04};
  const auto& views = batches_[static_cast<size_t>(count_) % batches_.size()];
  const auto result =
      learner_.step(count_, values, false, [&] { return views; });
  ++count_;
  return result.is_finite;
}

}  // namespace nadir::bench
