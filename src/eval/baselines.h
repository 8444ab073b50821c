// What a score must beat: statistics of the pixels, and the same network with
// random weights.
#pragma once

#include <memory>

#include <nlohmann/json.hpp>

#include "eval/features.h"
#include "eval/frozen_network.h"
#include "model/vision_transformer.h"

namespace nadir::eval {

// Mean, deviation, smallest and largest value of each band of the view:
// [B, C, S, S] -> [B, 4 C], as torchgeo's benchmark has it.
[[nodiscard]] at::Tensor image_statistics(const at::Tensor& images_BCSS);

// A network of the same shape with the first weights of `seed`.
[[nodiscard]] std::shared_ptr<model::VisionTransformer> random_network(
    const model::VitConfig& config, uint64_t seed);

// Such a network as the baseline beside `frozen`: its shape, device and
// precision; and what tells it apart in caches of features.
struct RandomBaseline {
  std::shared_ptr<model::VisionTransformer> network;
  nlohmann::json key;
};

[[nodiscard]] RandomBaseline random_baseline(
    const FrozenNetwork& frozen, int64_t seed);

}  // namespace nadir::eval
