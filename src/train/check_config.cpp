#include "train/check_config.h"

#include <utility>

#include "core/error.h"

namespace nadir::train {
namespace {

void check_at_least(int64_t minimum, const char* field, int64_t value) {
  NADIR_CHECK(
      value >= minimum,
      "{} must be at least {}, got {}",
      field,
      minimum,
      value);
}

void check_multiple(const char* field, int64_t value, int64_t patch_size) {
  NADIR_CHECK(
      value > 0 && value % patch_size == 0,
      "{} must be a multiple of patch_size = {}, got {}",
      field,
      patch_size,
      value);
}

}  // namespace

void check_optim_config(const OptimConfig& optim) {
  check_at_least(1, "epochs", optim.epochs);
  check_at_least(1, "batch_size_per_gpu", optim.batch_size_per_gpu);
  check_at_least(1, "accumulate", optim.accumulate);
  check_at_least(0, "freeze_last_layer", optim.freeze_last_layer);
  NADIR_CHECK(
      optim.warmup_epochs >= 0 && optim.warmup_epochs <= optim.epochs,
      "warmup_epochs must be between 0 and epochs = {}, got {}; --recipe auto "
      "chooses one that fits",
      optim.epochs,
      optim.warmup_epochs);
  NADIR_CHECK(
      optim.warmup_teacher_temp_epochs >= 0 &&
          optim.warmup_teacher_temp_epochs <= optim.epochs,
      "warmup_teacher_temp_epochs must be between 0 and epochs = {}, got {}",
      optim.epochs,
      optim.warmup_teacher_temp_epochs);
  NADIR_CHECK(
      optim.teacher_temp > 0 && optim.warmup_teacher_temp > 0,
      "teacher_temp and warmup_teacher_temp must be > 0, got {} and {}",
      optim.teacher_temp,
      optim.warmup_teacher_temp);
  NADIR_CHECK(
      optim.momentum_teacher >= 0 && optim.momentum_teacher <= 1,
      "momentum_teacher must be between 0 and 1, got {}",
      optim.momentum_teacher);
  for (const auto& [field, value] :
       {std::pair{"lr", optim.lr},
        {"min_lr", optim.min_lr},
        {"weight_decay", optim.weight_decay},
        {"weight_decay_end", optim.weight_decay_end},
        {"clip_grad", optim.clip_grad}}) {
    NADIR_CHECK(value >= 0, "{} must be >= 0, got {}", field, value);
  }
}

void check_config(const PretrainConfig& config) {
  check_optim_config(config.optim);
  const auto& run = config.run;
  check_at_least(1, "stats_every_steps", run.stats_every_steps);
  check_at_least(1, "peer_timeout_s", run.peer_timeout_s);
  check_at_least(0, "saveckp_freq", run.saveckp_freq);
  check_at_least(0, "save_every_steps", run.save_every_steps);
  check_at_least(0, "stop_after_steps", run.stop_after_steps);
  check_at_least(0, "knn_every_epochs", run.knn_every_epochs);
  check_at_least(0, "max_nonfinite_steps", run.max_nonfinite_steps);
  const int64_t patch_size = config.model.patch_size;
  check_at_least(1, "patch_size", patch_size);
  const auto& views = config.views;
  check_multiple("global_crop_size", views.global_crop_size, patch_size);
  if (views.local_crops_number > 0) {
    check_multiple("local_crop_size", views.local_crop_size, patch_size);
  }
  NADIR_CHECK(
      !config.optim.backward_per_crop_size || !config.head.use_bn_in_head,
      "backward_per_crop_size and use_bn_in_head do not go together: batch "
      "normalisation is over crops of all sizes at once; leave one out, or "
      "lower batch_size_per_gpu and raise accumulate");
}

}  // namespace nadir::train
