#include "model/layers.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "distributed/sum_over_ranks.h"

namespace nadir::model {
namespace {

constexpr double kInitStd = 0.02;
constexpr double kTruncation = 2;
constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;

// Draws on the CPU, so that every device starts with the same values.
template <class Draw>
void fill(const at::Tensor& tensor, Draw&& draw) {
  const at::NoGradGuard no_grad;
  auto values = at::empty(tensor.sizes(), at::kFloat);
  float* const data = values.data_ptr<float>();
  const int64_t count = values.numel();
  for (int64_t i = 0; i < count; ++i) {
    data[i] = static_cast<float>(draw());
  }
  tensor.copy_(values);
}

}  // namespace

at::Tensor make_unset(at::IntArrayRef shape) {
  return at::full(shape, std::numeric_limits<float>::quiet_NaN(), at::kFloat);
}

void fill_normal(const at::Tensor& tensor, double std, RandomStream& random) {
  fill(tensor, [&] {
    for (;;) {
      const double value = std * random.normal();
      if (std::abs(value) <= kTruncation) {
        return value;
      }
    }
  });
}

void fill_uniform(
    const at::Tensor& tensor, double bound, RandomStream& random) {
  fill(tensor, [&] { return random.uniform(-bound, bound); });
}

void fill_constant(const at::Tensor& tensor, double value) {
  const at::NoGradGuard no_grad;
  tensor.fill_(value);
}

Linear::Linear(int64_t in_dim, int64_t out_dim) {
  weight = register_parameter("weight", make_unset({out_dim, in_dim}));
  bias = register_parameter("bias", make_unset({out_dim}));
}

at::Tensor Linear::forward(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

void Linear::init_weights(RandomStream& random) {
  fill_normal(weight, kInitStd, random);
  fill_constant(bias, 0);
}

void Linear::freeze(ops::WeightFormat format) {
  packed_ = ops::LinearWeight::pack(weight.contiguous(), format);
}

LayerNorm::LayerNorm(int64_t dim) {
  weight = register_parameter("weight", make_unset({dim}));
  bias = register_parameter("bias", make_unset({dim}));
}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, kLayerNormEps);
}

void LayerNorm::init_weights() {
  fill_constant(weight, 1);
  fill_constant(bias, 0);
}

BatchNorm::BatchNorm(int64_t dim) {
  weight = register_parameter("weight", make_unset({dim}));
  bias = register_parameter("bias", make_unset({dim}));
  running_mean = register_buffer("running_mean", make_unset({dim}));
  running_var = register_buffer("running_var", make_unset({dim}));
  num_batches_tracked =
      register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
}

// In two passes, as at::batch_norm does: squares less the mean's square would
// lose the variance of values far from 0.
at::Tensor BatchNorm::forward_shared(const at::Tensor& x) {
  const auto x32 = x.to(at::kFloat);
  const auto count =
      static_cast<double>(x.size(0)) * static_cast<double>(group->world_size());
  const auto mean = distributed::sum_over_ranks(x32.sum(0), *group) / count;
  const auto centred = x32 - mean;
  const auto var =
      distributed::sum_over_ranks(centred.square().sum(0), *group) / count;
  {
    const at::NoGradGuard no_grad;
    running_mean.lerp_(mean, kBatchNormMomentum);
    running_var.lerp_(var * (count / (count - 1)), kBatchNormMomentum);
  }
  const auto y = centred * (var + kBatchNormEps).rsqrt() * weight + bias;
  return y.to(x.scalar_type());
}

at::Tensor BatchNorm::forward(const at::Tensor& x) {
  if (is_training()) {
    num_batches_tracked.add_(1);
    if (group && group->world_size() > 1) {
      return forward_shared(x);
    }
  }
  return at::batch_norm(
      x,
      weight,
      bias,
      running_mean,
      running_var,
      is_training(),
      kBatchNormMomentum,
      kBatchNormEps,
      /*cudnn_enabled=*/true);
}

void BatchNorm::init_weights() {
  fill_constant(weight, 1);
  fill_constant(bias, 0);
  fill_constant(running_mean, 0);
  fill_constant(running_var, 1);
  fill_constant(num_batches_tracked, 0);
}

}  // namespace nadir::model
