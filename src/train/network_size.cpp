#include "train/network_size.h"

#include <algorithm>
#include <vector>

namespace nadir::train {
namespace {

double width_of(const PretrainConfig& config) {
  return static_cast<double>(model::vit_shape(config.model.arch).dim);
}

// The numbers of weights of the head's linear layers before the prototypes.
std::vector<double> hidden_head_layers(const PretrainConfig& config) {
  double width = width_of(config);
  const auto hidden = static_cast<double>(config.head.head_hidden_dim);
  std::vector<double> layers;
  for (int64_t layer = 1; layer < config.head.head_layers; ++layer) {
    layers.push_back(width * hidden);
    width = hidden;
  }
  layers.push_back(
      width * static_cast<double>(config.head.head_bottleneck_dim));
  return layers;
}

}  // namespace

double num_tokens(int64_t side_px, int64_t patch_size) {
  const auto per_side = static_cast<double>(side_px / patch_size);
  return per_side * per_side + 1;
}

double num_block_parameters(double dim) {
  return 12 * dim * dim + 13 * dim;
}

double num_backbone_parameters(
    const PretrainConfig& config, int64_t num_bands) {
  const double d = width_of(config);
  const auto patch = static_cast<double>(
      config.model.patch_size * config.model.patch_size * num_bands);
  const double positions =
      num_tokens(config.views.global_crop_size, config.model.patch_size);
  const auto depth =
      static_cast<double>(model::vit_shape(config.model.arch).depth);
  // Patch weight and bias, class token, positions, the final norm.
  return depth * num_block_parameters(d) + d * (patch + 1 + 1 + positions + 2);
}

double num_hidden_head_weights(const PretrainConfig& config) {
  double count = 0;
  for (const double layer : hidden_head_layers(config)) {
    count += layer;
  }
  return count;
}

double num_largest_head_layer(const PretrainConfig& config) {
  return std::ranges::max(hidden_head_layers(config));
}

double num_prototype_weights(const model::HeadConfig& head) {
  return static_cast<double>(head.head_bottleneck_dim * head.out_dim);
}

double num_head_vectors(const model::HeadConfig& head) {
  const auto hidden = static_cast<double>(head.head_hidden_dim);
  const auto num_hidden = static_cast<double>(head.head_layers - 1);
  const double per_hidden = head.use_bn_in_head ? 3 * hidden : hidden;
  return num_hidden * per_hidden +
         static_cast<double>(head.head_bottleneck_dim + head.out_dim);
}

double num_parameters(const PretrainConfig& config, int64_t num_bands) {
  return num_backbone_parameters(config, num_bands) +
         num_hidden_head_weights(config) + num_prototype_weights(config.head) +
         num_head_vectors(config.head);
}

}  // namespace nadir::train
