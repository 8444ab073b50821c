// Steps of a learner on views drawn at random, and what they leave behind.
#pragma once

#include <string>
#include <vector>

#include "train/dino_learner.h"
#include "train/tiny_training.h"

namespace nadir::train {

inline constexpr int64_t kImages = 8;
inline constexpr int64_t kLocalViews = 2;

// All views of a step, as float32 [V, B, C, S, S] of each size.
struct StepViews {
  explicit StepViews(uint64_t seed)
      : large(random_tensor({2, kImages, 3, 16, 16}, 2 * seed)),
        small(random_tensor({kLocalViews, kImages, 3, 8, 8}, 2 * seed + 1)) {}

  // Gives the images in equal parts, one a call.
  [[nodiscard]] NextMicroBatch in_parts(int64_t num_parts) const {
    const int64_t count = kImages / num_parts;
    return [*this, count, part = int64_t{0}]() mutable {
      MicroBatch batch;
      for (const auto& views : {large, small}) {
        batch.groups.push_back(
            views.narrow(1, part * count, count).flatten(0, 1));
      }
      batch.num_images = count;
      ++part;
      return batch;
    };
  }

  at::Tensor large;
  at::Tensor small;
};

inline PretrainConfig learner_config(int64_t accumulate) {
  auto config = tiny_config();
  config.optim.batch_size_per_gpu = kImages / accumulate;
  config.optim.accumulate = accumulate;
  return config;
}

inline StepValues step_values() {
  return {
      .lr = 0.01,
      .weight_decay = 0.1,
      .momentum = 0.9,
      .teacher_temp = 0.05,
      .is_last_layer_frozen = false};
}

inline checkpoint::TensorMap copy_of(const checkpoint::TensorMap& tensors) {
  checkpoint::TensorMap copies;
  for (const auto& [name, tensor] : tensors) {
    copies[name] = tensor.clone();
  }
  return copies;
}

inline checkpoint::TensorMap state_of(const DinoLearner& learner) {
  return copy_of(learner.state());
}

// The part of `tensors` whose names begin with `prefix`, in one vector.
inline at::Tensor flat(
    const checkpoint::TensorMap& tensors, const std::string& prefix) {
  std::vector<at::Tensor> parts;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) {
      parts.push_back(tensor.to(at::kDouble).flatten());
    }
  }
  return at::cat(parts);
}

inline double distance(
    const checkpoint::TensorMap& a,
    const checkpoint::TensorMap& b,
    const std::string& prefix) {
  return (flat(a, prefix) - flat(b, prefix)).norm().item<double>();
}

}  // namespace nadir::train
