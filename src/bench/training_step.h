// An optimiser step of DINO from views to moved teacher, on random views: what
// `nadir bench` times, and bench/train/ beside PyTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/device_copy.h"
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

// Three bands. On a GPU views are copied from pinned memory beside the step
// before, as in training. One thread.
class TrainingStep {
 public:
  // Throws Error{kInvalidArgument} for a shape that no run could have.
  explicit TrainingStep(const StepShape& shape, at::Device device = at::kCPU);

  [[nodiscard]] const train::PretrainConfig& config() const { return config_; }

  // Steps that were run.
  [[nodiscard]] int64_t count() const { return count_; }

  // Whether the loss was finite.
  [[nodiscard]] bool run();

 private:
  [[nodiscard]] train::MicroBatch next_views();

  train::PretrainConfig config_;
  // Two sets by turns, so that the loss does not fall to nothing.
  std::vector<train::MicroBatch> batches_;
  train::DinoLearner learner_;
  std::optional<model::DeviceCopier> copier_;  // for a GPU
  train::MicroBatch ahead_;
  int64_t count_ = 0;
};

}  // namespace nadir::bench
