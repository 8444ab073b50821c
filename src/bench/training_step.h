// An optimiser step of DINO from views to moved teacher, on random views: what
// `nadir bench` times, and bench/train/ beside PyTorch.
#pragma once

#include <cstdint>
#include <vector>

#include "train/dino_learner.h"

namespace nadir::bench {

struct StepShape {
  const char* arch;
  int64_t patch_size;
  int64_t global_px;
  int64_t local_px;
  int64_t out_dim;
  int64_t batch_size;
  const char* precision = "fp32";
};

// Three bands, on the CPU. One thread.
class TrainingStep {
 public:
  // Throws Error{kInvalidArgument} for a shape that no run could have.
  explicit TrainingStep(const StepShape& shape);

  [[nodiscard]] const train::PretrainConfig& config() const { return config_; }

  // Steps that were run.
  [[nodiscard]] int64_t count() const { return count_; }

  // Whether the loss was finite.
  [[nodiscard]] bool run();

 private:
  train::PretrainConfig config_;
  // Two sets by turns, so that the loss does not fall to nothing.
  std::vector<train::MicroBatch> batches_;
  train::DinoLearner learner_;
  int64_t count_ = 0;
};

}  // namespace nadir::bench
