#include "model/transformer_block.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include "gpu/bias_gelu.h"
#include "gpu/product.h"
#include "gpu/qkv_attention.h"
#include "model/precision.h"

namespace nadir::model {
namespace {

constexpr int64_t kMlpRatio = 4;

// x + branch, the branch of image b multiplied by the factor number `index` of
// drop_path_2B; x is [B, D] or [B, N, D].
at::Tensor add_branch(
    const at::Tensor& x,
    const at::Tensor& branch,
    const at::Tensor& drop_path_2B,
    int64_t index) {
  if (!drop_path_2B.defined()) {
    return x + branch;
  }
  auto factor = drop_path_2B[index].unsqueeze(-1);
  if (x.dim() == 3) {
    factor = factor.unsqueeze(-1);
  }
  return at::addcmul(x, branch, factor);
}

at::Tensor factors_of_branch(const at::Tensor& drop_path_2B, int64_t index) {
  return drop_path_2B.defined() ? drop_path_2B[index].contiguous()
                                : at::Tensor();
}

// In blocks of our own.
ops::WeightFormat format_of_products() {
  return at::autocast::is_autocast_enabled(at::kCPU)
             ? ops::WeightFormat::kBfloat16
             : ops::WeightFormat::kFloat32;
}

ops::TokenLayout layout_of(const at::Tensor& x_BND) {
  return {{{x_BND.size(0), x_BND.size(1)}}};
}

// The same for a block by itself, as inference runs them.
bool can_pack_alone(const at::Tensor& tokens) {
  return can_pack(tokens) && !(at::autocast::is_autocast_enabled(at::kCPU) &&
                               libtorch_infers_bf16());
}

}  // namespace

bool can_pack(const at::Tensor& tokens) {
  return tokens.is_cpu() && tokens.scalar_type() == at::kFloat;
}

Attention::Attention(int64_t dim, int64_t num_heads) : num_heads_(num_heads) {
  qkv_ = register_module("qkv", std::make_shared<Linear>(dim, 3 * dim));
  proj_ = register_module("proj", std::make_shared<Linear>(dim, dim));
}

at::Tensor Attention::project(const at::Tensor& x_BND) const {
  const int64_t head_dim = x_BND.size(2) / num_heads_;
  return qkv_->forward(x_BND)
      .view({x_BND.size(0), x_BND.size(1), 3, num_heads_, head_dim})
      .permute({2, 0, 3, 1, 4});
}

at::Tensor Attention::forward(const at::Tensor& x_BND) const {
  return project_out(mix(x_BND));
}

at::Tensor Attention::project_out(const at::Tensor& mixed_BND) const {
  return proj_->forward(mixed_BND);
}

at::Tensor Attention::mix(const at::Tensor& x_BND) const {
  // Its gradient is joined in one pass; those of indices would be added up.
  const auto qkv = project(x_BND).unbind(0);
  // Forward and backward took 0.55 to 0.7 of the time of products and softmax
  // written out, on two busy cores in float32 (197 and 37 tokens); in bfloat16
  // on CPUs without matrix units its backward is about twice slower.
  return at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
      .transpose(1, 2)
      .reshape(x_BND.sizes());
}

at::Tensor Attention::forward_first(const at::Tensor& x_BND) const {
  const int64_t num_images = x_BND.size(0);
  const int64_t dim = x_BND.size(2);
  const int64_t head_dim = dim / num_heads_;
  const auto query = at::linear(
                         x_BND.select(1, 0),
                         qkv_->weight.slice(0, 0, dim),
                         qkv_->bias.slice(0, 0, dim))
                         .view({num_images, num_heads_, 1, head_dim});
  const auto key_value =
      at::linear(x_BND, qkv_->weight.slice(0, dim), qkv_->bias.slice(0, dim))
          .view({num_images, x_BND.size(1), 2, num_heads_, head_dim})
          .permute({2, 0, 3, 1, 4})
          .unbind(0);
  const auto mixed =
      at::scaled_dot_product_attention(query, key_value[0], key_value[1]);
  return proj_->forward(mixed.reshape({num_images, dim}));
}

at::Tensor Attention::weights(const at::Tensor& x_BND) const {
  const auto qkv = project(x_BND);
  const double scale = 1 / std::sqrt(static_cast<double>(qkv.size(4)));
  return at::matmul(qkv[0] * scale, qkv[1].transpose(-2, -1)).softmax(-1);
}

gpu::Branch Attention::branch(
    const at::Tensor& norm_TD,
    const ops::TokenLayout& layout,
    const at::Tensor& factors_T) const {
  const auto mixed_TD =
      gpu::qkv_attention(norm_TD, qkv_->weight, qkv_->bias, layout, num_heads_);
  return {gpu::product(mixed_TD, proj_->weight), proj_->bias, factors_T};
}

ops::AttentionParameters Attention::parameters_behind(
    const LayerNorm& norm) const {
  return {
      norm.weight,
      norm.bias,
      qkv_->weight,
      qkv_->bias,
      proj_->weight,
      proj_->bias,
      num_heads_,
      kLayerNormEps,
      format_of_products(),
      qkv_->packed(),
      proj_->packed()};
}

void Attention::freeze(ops::WeightFormat format, const BlockInputs& centres) {
  qkv_->freeze(format, centres.qkv_D);
  proj_->freeze(format, centres.proj_D);
}

void Attention::init_weights(RandomStream& random) {
  qkv_->init_weights(random);
  proj_->init_weights(random);
}

Mlp::Mlp(int64_t dim, int64_t hidden_dim) {
  fc1_ = register_module("fc1", std::make_shared<Linear>(dim, hidden_dim));
  fc2_ = register_module("fc2", std::make_shared<Linear>(hidden_dim, dim));
}

at::Tensor Mlp::forward(const at::Tensor& x_BND) const {
  return fc2_->forward(hidden(x_BND));
}

at::Tensor Mlp::hidden(const at::Tensor& x_BND) const {
  return at::gelu(fc1_->forward(x_BND));
}

gpu::Branch Mlp::branch(
    const at::Tensor& norm_TD, const at::Tensor& factors_T) const {
  const auto hidden_TF =
      gpu::bias_gelu(gpu::product(norm_TD, fc1_->weight), fc1_->bias);
  return {gpu::product(hidden_TF, fc2_->weight), fc2_->bias, factors_T};
}

ops::MlpParameters Mlp::parameters_behind(const LayerNorm& norm) const {
  return {
      norm.weight,
      norm.bias,
      fc1_->weight,
      fc1_->bias,
      fc2_->weight,
      fc2_->bias,
      kLayerNormEps,
      format_of_products(),
      fc1_->packed(),
      fc2_->packed()};
}

void Mlp::freeze(ops::WeightFormat format, const BlockInputs& centres) {
  fc1_->freeze(format, centres.fc1_D);
  fc2_->freeze(format, centres.fc2_F);
}

void Mlp::init_weights(RandomStream& random) {
  fc1_->init_weights(random);
  fc2_->init_weights(random);
}

TransformerBlock::TransformerBlock(int64_t dim, int64_t num_heads) {
  norm1_ = register_module("norm1", std::make_shared<LayerNorm>(dim));
  attn_ = register_module("attn", std::make_shared<Attention>(dim, num_heads));
  norm2_ = register_module("norm2", std::make_shared<LayerNorm>(dim));
  mlp_ = register_module("mlp", std::make_shared<Mlp>(dim, kMlpRatio * dim));
}

at::Tensor TransformerBlock::forward(
    const at::Tensor& x_BND, const at::Tensor& drop_path_2B) const {
  if (can_pack_alone(x_BND)) {
    return forward_packed(x_BND.flatten(0, 1), layout_of(x_BND), drop_path_2B)
        .view(x_BND.sizes());
  }
  const auto y_BND = add_branch(
      x_BND, attn_->forward(norm1_->forward(x_BND)), drop_path_2B, 0);
  return add_branch(
      y_BND, mlp_->forward(norm2_->forward(y_BND)), drop_path_2B, 1);
}

at::Tensor TransformerBlock::forward_first(
    const at::Tensor& x_BND, const at::Tensor& drop_path_2B) const {
  if (can_pack_alone(x_BND)) {
    return forward_packed_first(
        x_BND.flatten(0, 1), layout_of(x_BND), drop_path_2B);
  }
  const auto y_BD = add_branch(
      x_BND.select(1, 0),
      attn_->forward_first(norm1_->forward(x_BND)),
      drop_path_2B,
      0);
  return add_branch(
      y_BD, mlp_->forward(norm2_->forward(y_BD)), drop_path_2B, 1);
}

at::Tensor TransformerBlock::forward_packed(
    const at::Tensor& x_TD,
    const ops::TokenLayout& layout,
    const at::Tensor& drop_path_2B) const {
  const auto y_TD = ops::attention_branch(
      x_TD,
      attn_->parameters_behind(*norm1_),
      layout,
      factors_of_branch(drop_path_2B, 0),
      /*first_tokens_only=*/false,
      recomputes_);
  return ops::mlp_branch(
      y_TD,
      mlp_->parameters_behind(*norm2_),
      layout,
      factors_of_branch(drop_path_2B, 1),
      recomputes_);
}

at::Tensor TransformerBlock::forward_packed_first(
    const at::Tensor& x_TD,
    const ops::TokenLayout& layout,
    const at::Tensor& drop_path_2B) const {
  const auto y_BD = ops::attention_branch(
      x_TD,
      attn_->parameters_behind(*norm1_),
      layout,
      factors_of_branch(drop_path_2B, 0),
      /*first_tokens_only=*/true,
      recomputes_);
  return ops::mlp_branch(
      y_BD,
      mlp_->parameters_behind(*norm2_),
      {{{layout.num_images(), 1}}},
      factors_of_branch(drop_path_2B, 1),
      recomputes_);
}

void TransformerBlock::forward_stream(
    ResidualStream& stream,
    const ops::TokenLayout& layout,
    const at::Tensor& drop_path_2T) const {
  stream.add(attn_->branch(
      stream.normed(*norm1_), layout, factors_of_branch(drop_path_2T, 0)));
  stream.add(
      mlp_->branch(stream.normed(*norm2_), factors_of_branch(drop_path_2T, 1)));
}

at::Tensor TransformerBlock::forward_stream_first(
    ResidualStream& stream,
    const ops::TokenLayout& layout,
    const at::Tensor& drop_path_2B) const {
  const int64_t dim = norm1_->weight.size(0);
  const auto norm_TD = stream.normed(*norm1_);
  std::vector<int64_t> rows;
  for (const auto& group : layout.groups) {
    rows.push_back(group.num_images * group.num_tokens);
  }
  const auto norms = norm_TD.split_with_sizes(rows);
  const auto values = stream.value().split_with_sizes(rows);
  std::vector<at::Tensor> firsts;
  std::vector<at::Tensor> branches;
  for (size_t g = 0; g < rows.size(); ++g) {
    const auto& group = layout.groups[g];
    const std::vector<int64_t> shape = {
        group.num_images, group.num_tokens, dim};
    branches.push_back(attn_->forward_first(norms[g].view(shape)));
    firsts.push_back(values[g].view(shape).select(1, 0));
  }
  const auto y_BD =
      add_branch(at::cat(firsts), at::cat(branches), drop_path_2B, 0);
  return add_branch(
      y_BD, mlp_->forward(norm2_->forward(y_BD)), drop_path_2B, 1);
}

void TransformerBlock::freeze(
    ops::WeightFormat format, const BlockInputs& centres) {
  attn_->freeze(format, centres);
  mlp_->freeze(format, centres);
}

BlockInputs TransformerBlock::inputs_of_first(const at::Tensor& x_BND) const {
  const auto first = [](const at::Tensor& inputs) {
    return inputs[0][0].contiguous();
  };
  const auto norm1_BND = norm1_->forward(x_BND);
  const auto mixed_BND = attn_->mix(norm1_BND);
  const auto norm2_BND = norm2_->forward(x_BND + attn_->project_out(mixed_BND));
  return {
      first(norm1_BND),
      first(mixed_BND),
      first(norm2_BND),
      first(mlp_->hidden(norm2_BND))};
}

at::Tensor TransformerBlock::attention(const at::Tensor& x_BND) const {
  return attn_->weights(norm1_->forward(x_BND));
}

void TransformerBlock::init_weights(RandomStream& random) {
  norm1_->init_weights();
  attn_->init_weights(random);
  norm2_->init_weights();
  mlp_->init_weights(random);
}

}  // namespace nadir::model
