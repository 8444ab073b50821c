#include "eval/baselines.h"

#include <ATen/ATen.h>

#include "core/random.h"

namespace nadir::eval {

at::Tensor image_statistics(const at::Tensor& images_BCSS) {
  const auto pixels_BCP = images_BCSS.flatten(2);
  return at::cat(
      {pixels_BCP.mean(2),
       pixels_BCP.std(2, false),
       pixels_BCP.amin(2),
       pixels_BCP.amax(2)},
      1);
}

std::shared_ptr<model::VisionTransformer> random_network(
    const model::VitConfig& config, uint64_t seed) {
  auto network = std::make_shared<model::VisionTransformer>(config);
  RandomStream random(seed, StreamPurpose::kBaseline);
  network->init_weights(random);
  return network;
}

}  // namespace nadir::eval
