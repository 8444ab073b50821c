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

train::MicroBatch draw_views(
    const train::PretrainConfig& config, at::Device device) {
  const int64_t batch = config.optim.batch_size_per_gpu;
  const int64_t global = config.views.global_crop_size;
  const int64_t local = config.views.local_crop_size;
  const int64_t num_local = config.views.local_crops_number * batch;
  const auto draw = [&](int64_t count, int64_t side) {
    const auto views = at::randn({count, kBands, side, side});
    return device.is_cpu() ? views : views.pin_memory();
  };
  return {{draw(2 * batch, global), draw(num_local, local)}, batch};
}

}  // namespace

TrainingStep::TrainingStep(const StepShape& shape, at::Device device)
    : config_(config_of(shape)),
      batches_{draw_views(config_, device), draw_views(config_, device)},
      learner_(config_, kBands, device) {
  if (!device.is_cpu()) {
    copier_.emplace(device);
    (void)next_views();
  }
}

train::MicroBatch TrainingStep::next_views() {
  const auto& host = batches_[static_cast<size_t>(count_) % batches_.size()];
  if (!copier_) {
    return host;
  }
  copier_->wait();
  auto views = std::move(ahead_);
  ahead_ = {{}, host.num_images};
  for (const auto& group : host.groups) {
    ahead_.groups.push_back(copier_->begin(group));
  }
  return views;
}

bool TrainingStep::run() {
  const train::StepValues values = {
      .lr = 1e-4,
      .weight_decay = 0.04,
      .momentum = 0.996,
      .teacher_temp = 0.04};
  const auto result =
      learner_.step(count_, values, false, [this] { return next_views(); });
  ++count_;
  return result.is_finite;
}

}  // namespace nadir::bench
