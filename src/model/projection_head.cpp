#include "model/projection_head.h"

#include <cmath>
#include <string>

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::model {
namespace {

constexpr double kNormEps = 1e-12;

// x / max(|x|, eps) along the last dimension, in float32 under autocast too.
at::Tensor l2_normalize(const at::Tensor& x) {
  const auto x32 = x.to(at::kFloat);
  return x32 / at::norm(x32, 2, {-1}, /*keepdim=*/true).clamp_min(kNormEps);
}

}  // namespace

DinoHead::DinoHead(int64_t in_dim, const HeadConfig& config) : config_(config) {
  NADIR_CHECK(
      config.out_dim > 0, "out_dim must be > 0, got {}", config.out_dim);
  NADIR_CHECK(
      config.head_layers > 0,
      "head_layers must be > 0, got {}",
      config.head_layers);
  NADIR_CHECK(
      config.head_hidden_dim > 0 && config.head_bottleneck_dim > 0,
      "head_hidden_dim and head_bottleneck_dim must be > 0, got {} and {}",
      config.head_hidden_dim,
      config.head_bottleneck_dim);
  // The indices of the reference's nn.Sequential, GELUs included.
  const auto mlp = register_module("mlp", std::make_shared<Module>());
  int64_t index = 0;
  int64_t dim = in_dim;
  for (int64_t i = 0; i < config.head_layers; ++i) {
    const bool is_hidden = i + 1 < config.head_layers;
    const int64_t next =
        is_hidden ? config.head_hidden_dim : config.head_bottleneck_dim;
    Layer layer;
    layer.linear = mlp->register_module(
        std::to_string(index++), std::make_shared<Linear>(dim, next));
    if (is_hidden && config.use_bn_in_head) {
      layer.norm = mlp->register_module(
          std::to_string(index++), std::make_shared<BatchNorm>(next));
    }
    ++index;  // GELU
    layers_.push_back(layer);
    dim = next;
  }
  last_layer_ = register_module("last_layer", std::make_shared<LastLayer>());
  last_layer_->weight_g = last_layer_->register_parameter(
      "weight_g",
      make_unset({config.out_dim, 1}),
      /*requires_grad=*/!config.norm_last_layer);
  last_layer_->weight_v = last_layer_->register_parameter(
      "weight_v", make_unset({config.out_dim, dim}));
}

at::Tensor DinoHead::forward(const at::Tensor& features_BD) {
  auto x = features_BD;
  for (size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i].linear->forward(x);
    if (layers_[i].norm) {
      x = layers_[i].norm->forward(x);
    }
    if (i + 1 < layers_.size()) {
      x = at::gelu(x);
    }
  }
  const auto weight =
      at::_weight_norm(last_layer_->weight_v, last_layer_->weight_g, 0);
  return at::linear(l2_normalize(x), weight);
}

void DinoHead::share_batch_norm(
    const std::shared_ptr<const distributed::Communicator>& group) {
  for (const Layer& layer : layers_) {
    if (layer.norm) {
      layer.norm->group = group;
    }
  }
}

void DinoHead::init_weights(RandomStream& random) {
  for (const Layer& layer : layers_) {
    layer.linear->init_weights(random);
    if (layer.norm) {
      layer.norm->init_weights();
    }
  }
  const auto fan_in = static_cast<double>(config_.head_bottleneck_dim);
  fill_constant(last_layer_->weight_g, 1);
  fill_uniform(last_layer_->weight_v, 1 / std::sqrt(fan_in), random);
}

}  // namespace nadir::model
