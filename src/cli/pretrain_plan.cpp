#include "cli/pretrain_plan.h"

#include "cli/pretrain_knn.h"
#include "core/config.h"
#include "core/log.h"
#include "core/progress.h"
#include "model/precision.h"
#include "optim/schedule.h"
#include "train/run_estimate.h"

namespace nadir::cli {
namespace {

std::string describe_bands(const std::vector<std::string>& bands) {
  return fmt::format("{} bands ({})", bands.size(), join(bands, ","));
}

// The CPU's rate at the run's precision; says where the other would be faster.
double measured_rate(const train::RunConfig& run) {
  const auto precision = model::choose_precision(
      run.precision, model::Use::kTraining, c10::Device(c10::kCPU));
  const double rate = model::measure_gflop_per_s(precision);
  if (precision == model::Precision::kBf16) {
    const double fp32_rate =
        model::measure_gflop_per_s(model::Precision::kFp32);
    if (fp32_rate > rate) {
      log_warning(
          "train",
          "bf16 is no faster than fp32 on this processor ({:.0f} beside {:.0f} "
          "GFLOP/s of products); leave out --precision bf16",
          rate,
          fp32_rate);
    }
  }
  return rate;
}

}  // namespace

void print_plan(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device,
    int64_t world_size) {
  const auto num_bands = static_cast<int64_t>(data.dataset->bands().size());
  // First: it refuses fields by which the plan is divided.
  const auto estimate = train::estimate_run(
      config,
      num_bands,
      device.is_cpu() ? measured_rate(config.run) : 0,
      world_size);
  const double memory_bytes =
      estimate.memory_bytes + bytes_of_knn_images(config, data);
  const auto& optim = config.optim;
  const int64_t batch = train::images_per_step(optim, world_size);
  const int64_t steps_per_epoch = data.dataset->size() / batch;
  const int64_t steps = steps_per_epoch * optim.epochs;
  log_info("train", "data: {}", data.dataset->description());
  log_info(
      "train",
      "{}, normalisation {}; {} px images, views of {} and {} px",
      describe_bands(data.dataset->bands()),
      data.normalization.name,
      data.image_px,
      config.views.global_crop_size,
      config.views.local_crop_size);
  log_info(
      "train",
      "{} patch {}, {} prototypes, {:.1f} M parameters, on {}, {}",
      config.model.arch,
      config.model.patch_size,
      config.head.out_dim,
      static_cast<double>(estimate.num_parameters) / 1e6,
      device.str(),
      config.run.precision);
  log_info(
      "train",
      "effective batch {} = {} per device x {} device{} x {} accumulated; "
      "learning rate {:.3g}",
      batch,
      optim.batch_size_per_gpu,
      world_size,
      world_size == 1 ? "" : "s",
      optim.accumulate,
      optim::scaled_learning_rate(optim.lr, batch));
  log_info(
      "train",
      "{} epochs x {} steps = {} steps; about {} of memory{}",
      optim.epochs,
      steps_per_epoch,
      steps,
      format_bytes(memory_bytes),
      estimate.step_s > 0
          ? fmt::format(
                ", {:.1f} images/s, {} in all",
                static_cast<double>(batch) / estimate.step_s,
                format_duration(estimate.step_s * static_cast<double>(steps)))
          : "");
}

}  // namespace nadir::cli
