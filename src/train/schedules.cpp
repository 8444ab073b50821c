#include "train/schedules.h"

#include "core/error.h"
#include "optim/schedule.h"

namespace nadir::train {
namespace {

void check(const OptimConfig& config) {
  NADIR_CHECK(
      config.epochs > 0, "epochs must be at least 1, got {}", config.epochs);
  NADIR_CHECK(
      config.batch_size_per_gpu > 0,
      "batch_size_per_gpu must be at least 1, got {}",
      config.batch_size_per_gpu);
  NADIR_CHECK(
      config.accumulate > 0,
      "accumulate must be at least 1, got {}",
      config.accumulate);
  NADIR_CHECK(
      config.warmup_epochs >= 0 && config.warmup_epochs <= config.epochs,
      "warmup_epochs must be between 0 and epochs = {}, got {}; --recipe auto "
      "chooses one that fits",
      config.epochs,
      config.warmup_epochs);
  NADIR_CHECK(
      config.warmup_teacher_temp_epochs >= 0 &&
          config.warmup_teacher_temp_epochs <= config.epochs,
      "warmup_teacher_temp_epochs must be between 0 and epochs = {}, got {}",
      config.epochs,
      config.warmup_teacher_temp_epochs);
  NADIR_CHECK(
      config.teacher_temp > 0 && config.warmup_teacher_temp > 0,
      "teacher_temp and warmup_teacher_temp must be > 0, got {} and {}",
      config.teacher_temp,
      config.warmup_teacher_temp);
  NADIR_CHECK(
      config.momentum_teacher >= 0 && config.momentum_teacher <= 1,
      "momentum_teacher must be between 0 and 1, got {}",
      config.momentum_teacher);
  NADIR_CHECK(
      config.lr >= 0 && config.min_lr >= 0 && config.weight_decay >= 0 &&
          config.weight_decay_end >= 0 && config.clip_grad >= 0,
      "lr, min_lr, weight_decay, weight_decay_end and clip_grad must be >= 0, "
      "got {}, {}, {}, {} and {}",
      config.lr,
      config.min_lr,
      config.weight_decay,
      config.weight_decay_end,
      config.clip_grad);
}

}  // namespace

Schedules::Schedules(const OptimConfig& config, int64_t steps_per_epoch)
    : steps_per_epoch_(steps_per_epoch),
      freeze_last_layer_(config.freeze_last_layer) {
  check(config);
  const int64_t num_steps = config.epochs * steps_per_epoch;
  lr_ = optim::cosine_schedule(
      optim::scaled_learning_rate(
          config.lr, config.batch_size_per_gpu * config.accumulate),
      config.min_lr,
      num_steps,
      config.warmup_epochs * steps_per_epoch);
  weight_decay_ = optim::cosine_schedule(
      config.weight_decay, config.weight_decay_end, num_steps);
  momentum_ = optim::cosine_schedule(config.momentum_teacher, 1, num_steps);
  teacher_temp_ = optim::teacher_temp_schedule(
      config.warmup_teacher_temp,
      config.teacher_temp,
      config.epochs,
      config.warmup_teacher_temp_epochs);
}

StepValues Schedules::at(int64_t step) const {
  const auto i = static_cast<size_t>(step);
  const int64_t epoch = step / steps_per_epoch_;
  return {
      lr_.at(i),
      weight_decay_.at(i),
      momentum_.at(i),
      teacher_temp_.at(static_cast<size_t>(epoch)),
      epoch < freeze_last_layer_};
}

}  // namespace nadir::train
