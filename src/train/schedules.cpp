#include "train/schedules.h"

#include "optim/schedule.h"
#include "train/check_config.h"

namespace nadir::train {
Schedules::Schedules(
    const OptimConfig& config, int64_t steps_per_epoch, int64_t images_per_step)
    : steps_per_epoch_(steps_per_epoch),
      freeze_last_layer_(config.freeze_last_layer) {
  check_optim_config(config);
  const int64_t num_steps = config.epochs * steps_per_epoch;
  lr_ = optim::cosine_schedule(
      optim::scaled_learning_rate(config.lr, images_per_step),
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
