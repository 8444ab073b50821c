// The layers of which the networks are made. Parameters are NaN until they are
// initialised or loaded; initial values come from a RandomStream, never from
// LibTorch's global generator.
#pragma once

#include <memory>
#include <optional>

#include "core/random.h"
#include "distributed/communicator.h"
#include "model/module.h"
#include "ops/linear_weight.h"

namespace nadir::model {

// y = x W^T + b over the last dimension; W is [out, in].
struct Linear : Module {
  Linear(int64_t in_dim, int64_t out_dim);

  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

  // Weight normal with deviation 0.02, bias 0.
  void init_weights(RandomStream& random);

  // Packs the weight once, for inference on the CPU: it must not change any
  // more, nor take a gradient.
  // `centre` as LinearWeight::pack() takes it.
  void freeze(ops::WeightFormat format, const at::Tensor& centre = {});

  // The packed weight, or null.
  [[nodiscard]] const ops::LinearWeight* packed() const {
    return packed_ ? &*packed_ : nullptr;
  }

  at::Tensor weight;
  at::Tensor bias;

 private:
  std::optional<ops::LinearWeight> packed_;
};

// As the Vision Transformer has it.
constexpr double kLayerNormEps = 1e-6;

// Normalises the last dimension.
struct LayerNorm : Module {
  explicit LayerNorm(int64_t dim);

  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

  // Weight 1, bias 0.
  void init_weights();

  at::Tensor weight;
  at::Tensor bias;
};

// Normalises over the batch, [N, dim]; eps 1e-5, running momentum 0.1. Uses
// the batch's statistics in training mode, the running ones else.
struct BatchNorm : Module {
  explicit BatchNorm(int64_t dim);

  // With a group of several ranks in training mode, the batch is that of all
  // ranks, N of each: collective, also in backward.
  [[nodiscard]] at::Tensor forward(const at::Tensor& x);

  // Weight 1, bias 0; running mean 0, running variance 1.
  void init_weights();

  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_var;
  at::Tensor num_batches_tracked;
  std::shared_ptr<const distributed::Communicator> group;  // null: alone

 private:
  [[nodiscard]] at::Tensor forward_shared(const at::Tensor& x);
};

// A float32 tensor full of NaN.
[[nodiscard]] at::Tensor make_unset(at::IntArrayRef shape);

// Fills `tensor` in place with normal(0, std) truncated at +-2 (absolute, as
// the reference does), or uniform in [-bound, bound).
void fill_normal(const at::Tensor& tensor, double std, RandomStream& random);
void fill_uniform(const at::Tensor& tensor, double bound, RandomStream& random);

// Fills `tensor` in place with one value.
void fill_constant(const at::Tensor& tensor, double value);

}  // namespace nadir::model
