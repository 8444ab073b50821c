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

RandomBaseline random_baseline(const FrozenNetwork& frozen, int64_t seed) {
  const auto& vit = frozen.network->config();
  RandomBaseline baseline;
  baseline.network = random_network(vit, static_cast<uint64_t>(seed));
  baseline.network->to(frozen.device);
  baseline.network->freeze(frozen.precision, frozen.input_mean_C);
  baseline.key = {
      {"random_seed", seed},
      {"arch", vit.arch},
      {"patch_size", vit.patch_size},
      {"image_size", vit.image_size},
      {"in_channels", vit.in_channels}};
  return baseline;
}

}  // namespace nadir::eval
