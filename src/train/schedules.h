// The values that move over a run, one lookup a step (docs/dino.md, "One step,
// in order").
#pragma once

#include <cstdint>
#include <vector>

#include "train/pretrain_config.h"

namespace nadir::train {

struct StepValues {
  double lr = 0;
  double weight_decay = 0;
  double momentum = 0;
  double teacher_temp = 0;
  bool is_last_layer_frozen = false;
};

class Schedules {
 public:
  // `images_per_step` of all ranks scale the learning rate. Throws
  // Error{kInvalidArgument} naming a field that is out of range.
  Schedules(
      const OptimConfig& config,
      int64_t steps_per_epoch,
      int64_t images_per_step);

  // `step` counts from 0.
  [[nodiscard]] StepValues at(int64_t step) const;

  [[nodiscard]] int64_t num_steps() const {
    return static_cast<int64_t>(lr_.size());
  }

 private:
  int64_t steps_per_epoch_;
  int64_t freeze_last_layer_;
  std::vector<double> lr_;
  std::vector<double> weight_decay_;
  std::vector<double> momentum_;
  std::vector<double> teacher_temp_;  // one an epoch
};

}  // namespace nadir::train
