#include "model/layers.h"

#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "distributed/sum_over_ranks.h"
#include "ops/chunks.h"

namespace nadir::model {
namespace {

constexpr double kInitStd = 0.02;
constexpr double kTruncation = 2;
constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;

// Values that a thread draws at a time; even, as normals come in pairs.
constexpr int64_t kChunk = 1 << 16;

// The largest normal of uniforms of 53 bits: sqrt(-2 ln 2^-53).
constexpr double kLargestNormal = 8.6;

// Draws on the CPU, so that every device starts with the same values; all
// threads do, each from its place in the stream. `draw` takes one uniform a
// value, or two for two.
template <class Draw>
void fill(const at::Tensor& tensor, RandomStream& random, Draw&& draw) {
  const at::NoGradGuard no_grad;
  auto values = at::empty(tensor.sizes(), at::kFloat);
  float* const data = values.data_ptr<float>();
  const int64_t count = values.numel();
  const int64_t first = random.has_spare_normal() && count > 0 ? 1 : 0;
  const auto draw_range = [&](RandomStream& stream, int64_t i, int64_t end) {
    for (; i < end; ++i) {
      data[i] = static_cast<float>(draw(stream));
    }
  };
  draw_range(random, 0, first);
  const int64_t num_chunks = (count - first) / kChunk;
  ops::for_each_item(num_chunks, 0, [&](int64_t chunk, float*) {
    RandomStream own = random;
    own.skip(chunk * kChunk);
    const int64_t begin = first + chunk * kChunk;
    draw_range(own, begin, begin + kChunk);
  });
  random.skip(num_chunks * kChunk);
  draw_range(random, first + num_chunks * kChunk, count);
  tensor.copy_(values);
}

}  // namespace

at::Tensor make_unset(at::IntArrayRef shape) {
  return at::full(shape, std::numeric_limits<float>::quiet_NaN(), at::kFloat);
}

void fill_normal(const at::Tensor& tensor, double std, RandomStream& random) {
  NADIR_CHECK(
      std * kLargestNormal <= kTruncation,
      "no normal is truncated here: the deviation must be <= {}, got {}",
      kTruncation / kLargestNormal,
      std);
  fill(tensor, random, [std](RandomStream& own) { return std * own.normal(); });
}

void fill_uniform(
    const at::Tensor& tensor, double bound, RandomStream& random) {
  fill(tensor, random, [bound](RandomStream& own) {
    return own.uniform(-bound, bound);
  });
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

void Linear::freeze(ops::WeightFormat format, const at::Tensor& centre) {
  packed_ = ops::LinearWeight::pack(weight.contiguous(), format, centre);
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
