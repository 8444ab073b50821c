#include "model/vision_transformer.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "model/position_embedding.h"

namespace nadir::model {
namespace {

constexpr double kTokenInitStd = 0.02;

void check_images(const at::Tensor& images, const VitConfig& config) {
  NADIR_CHECK(
      images.dim() == 4 && images.size(1) == config.in_channels,
      "the network takes images [B, {}, H, W], got a tensor of {} dimensions "
      "with {} bands",
      config.in_channels,
      images.dim(),
      images.dim() > 1 ? images.size(1) : 0);
  const int64_t height = images.size(2);
  const int64_t width = images.size(3);
  const int64_t p = config.patch_size;
  NADIR_CHECK(
      height > 0 && width > 0 && height % p == 0 && width % p == 0,
      "image sides must be multiples of patch_size {}, got {} x {}; crop or "
      "resize to {} x {}",
      p,
      height,
      width,
      std::max(height / p, int64_t{1}) * p,
      std::max(width / p, int64_t{1}) * p);
}

// The factors [2, B] of one block; none for the first, whose rate is 0.
at::Tensor factors_of_block(const at::Tensor& factors_L2B, size_t block) {
  if (!factors_L2B.defined() || block == 0) {
    return {};
  }
  return factors_L2B[static_cast<int64_t>(block)];
}

// What the rows of rows_of() are.
ops::TokenLayout layout_of(const std::vector<at::Tensor>& tokens) {
  ops::TokenLayout layout;
  for (const at::Tensor& group : tokens) {
    layout.groups.push_back({group.size(0), group.size(1)});
  }
  return layout;
}

// Tokens of all groups as one matrix.
at::Tensor rows_of(const std::vector<at::Tensor>& tokens) {
  std::vector<at::Tensor> rows;
  for (const at::Tensor& group : tokens) {
    rows.push_back(group.flatten(0, 1));
  }
  return at::cat(rows);
}

}  // namespace

PatchEmbedding::PatchEmbedding(
    int64_t in_channels, int64_t patch_size, int64_t dim) {
  proj_ = register_module("proj", std::make_shared<Projection>());
  proj_->weight = proj_->register_parameter(
      "weight", make_unset({dim, in_channels, patch_size, patch_size}));
  proj_->bias = proj_->register_parameter("bias", make_unset({dim}));
}

at::Tensor PatchEmbedding::forward(const at::Tensor& images_BCHW) const {
  const int64_t p = proj_->weight.size(2);
  const int64_t num_images = images_BCHW.size(0);
  const int64_t num_bands = images_BCHW.size(1);
  const int64_t num_rows = images_BCHW.size(2) / p;
  const int64_t num_cols = images_BCHW.size(3) / p;
  // Patches as rows in the order of the weight: band, row, column.
  const auto patches =
      images_BCHW.reshape({num_images, num_bands, num_rows, p, num_cols, p})
          .permute({0, 2, 4, 1, 3, 5})
          .reshape({num_images, num_rows * num_cols, num_bands * p * p});
  return at::linear(patches, proj_->weight.flatten(1), proj_->bias);
}

void PatchEmbedding::init_weights(RandomStream& random) {
  const auto fan_in = static_cast<double>(proj_->weight[0].numel());
  fill_uniform(proj_->weight, 1 / std::sqrt(fan_in), random);
  fill_uniform(proj_->bias, 1 / std::sqrt(fan_in), random);
}

VisionTransformer::VisionTransformer(const VitConfig& config)
    : config_(config), shape_(vit_shape(config.arch)) {
  NADIR_CHECK(
      config.drop_path_rate >= 0 && config.drop_path_rate < 1,
      "drop_path_rate must be in [0, 1), got {}",
      config.drop_path_rate);
  NADIR_CHECK(
      config.in_channels > 0,
      "the network needs at least one band, got {}",
      config.in_channels);
  const int64_t side = position_grid_side(config);
  const int64_t dim = shape_.dim;
  cls_token_ = register_parameter("cls_token", make_unset({1, 1, dim}));
  pos_embed_ =
      register_parameter("pos_embed", make_unset({1, 1 + side * side, dim}));
  patch_embed_ = register_module(
      "patch_embed",
      std::make_shared<PatchEmbedding>(
          config.in_channels, config.patch_size, dim));
  const auto blocks = register_module("blocks", std::make_shared<Module>());
  for (int64_t i = 0; i < shape_.depth; ++i) {
    blocks_.push_back(blocks->register_module(
        std::to_string(i),
        std::make_shared<TransformerBlock>(dim, shape_.num_heads)));
    blocks_.back()->set_recomputes(config.checkpoint_activations);
  }
  norm_ = register_module("norm", std::make_shared<LayerNorm>(dim));
}

at::Tensor VisionTransformer::embed(const at::Tensor& images_BCHW) const {
  check_images(images_BCHW, config_);
  const int64_t p = config_.patch_size;
  const auto position_1ND = interpolate_position_embedding(
      pos_embed_, images_BCHW.size(2) / p, images_BCHW.size(3) / p);
  // Adding before joining saves one pass over the tokens.
  const auto first_B1D = (cls_token_ + position_1ND.slice(1, 0, 1))
                             .expand({images_BCHW.size(0), -1, -1});
  const auto patches_BND =
      patch_embed_->forward(images_BCHW) + position_1ND.slice(1, 1);
  return at::cat({first_B1D, patches_BND}, 1);
}

at::Tensor VisionTransformer::drop_path_factors(
    const std::optional<DropPathKey>& key,
    const at::Tensor& images_BCHW) const {
  if (!key || config_.drop_path_rate == 0) {
    return {};
  }
  return draw_drop_path(
             *key, config_.drop_path_rate, shape_.depth, images_BCHW.size(0))
      .to(images_BCHW.device());
}

at::Tensor VisionTransformer::run_to_last_block(
    at::Tensor x_BND, const at::Tensor& factors_L2B) const {
  for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
    x_BND = blocks_[i]->forward(x_BND, factors_of_block(factors_L2B, i));
  }
  return x_BND;
}

at::Tensor VisionTransformer::forward(
    const at::Tensor& images_BCHW,
    const std::optional<DropPathKey>& drop_path) const {
  return forward_groups(
      {images_BCHW},
      drop_path ? std::vector{*drop_path} : std::vector<DropPathKey>());
}

at::Tensor VisionTransformer::forward_groups(
    const std::vector<at::Tensor>& groups,
    const std::vector<DropPathKey>& drop_paths) const {
  NADIR_ASSERT(drop_paths.empty() || drop_paths.size() == groups.size());
  std::vector<at::Tensor> tokens;
  std::vector<at::Tensor> factors;
  for (size_t i = 0; i < groups.size(); ++i) {
    tokens.push_back(embed(groups[i]));
    factors.push_back(drop_path_factors(
        drop_paths.empty() ? std::nullopt : std::optional(drop_paths[i]),
        groups[i]));
  }
  NADIR_CHECK(!tokens.empty(), "there are no views to run the network on");
  if (can_pack(tokens.front())) {
    return forward_packed(tokens, factors);
  }
  if (can_stream(tokens.front())) {
    return forward_stream(tokens, factors);
  }
  std::vector<at::Tensor> outputs;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto x_BND = run_to_last_block(std::move(tokens[i]), factors[i]);
    outputs.push_back(norm_->forward(blocks_.back()->forward_first(
        x_BND, factors_of_block(factors[i], blocks_.size() - 1))));
  }
  return at::cat(outputs);
}

at::Tensor VisionTransformer::forward_packed(
    const std::vector<at::Tensor>& tokens,
    const std::vector<at::Tensor>& factors) const {
  const auto layout = layout_of(tokens);
  const auto factors_L2B =
      factors.front().defined() ? at::cat(factors, 2) : at::Tensor();
  auto x_TD = rows_of(tokens);
  for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
    x_TD = blocks_[i]->forward_packed(
        x_TD, layout, factors_of_block(factors_L2B, i));
  }
  return norm_->forward(blocks_.back()->forward_packed_first(
      x_TD, layout, factors_of_block(factors_L2B, blocks_.size() - 1)));
}

at::Tensor VisionTransformer::forward_stream(
    const std::vector<at::Tensor>& tokens,
    const std::vector<at::Tensor>& factors) const {
  const auto layout = layout_of(tokens);
  at::Tensor factors_L2B;
  at::Tensor factors_L2T;
  if (factors.front().defined()) {
    factors_L2B = at::cat(factors, 2);
    std::vector<at::Tensor> of_tokens;
    for (size_t g = 0; g < factors.size(); ++g) {
      of_tokens.push_back(
          factors[g].repeat_interleave(layout.groups[g].num_tokens, 2));
    }
    factors_L2T = at::cat(of_tokens, 2);
  }
  ResidualStream stream(rows_of(tokens));
  for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
    blocks_[i]->forward_stream(
        stream, layout, factors_of_block(factors_L2T, i));
  }
  return norm_->forward(blocks_.back()->forward_stream_first(
      stream, layout, factors_of_block(factors_L2B, blocks_.size() - 1)));
}

at::Tensor VisionTransformer::forward_tokens(
    const at::Tensor& images_BCHW,
    const std::optional<DropPathKey>& drop_path) const {
  const auto factors_L2B = drop_path_factors(drop_path, images_BCHW);
  const auto x_BND = run_to_last_block(embed(images_BCHW), factors_L2B);
  return norm_->forward(blocks_.back()->forward(
      x_BND, factors_of_block(factors_L2B, blocks_.size() - 1)));
}

std::vector<at::Tensor> VisionTransformer::run_last_blocks(
    const at::Tensor& images_BCHW,
    int64_t num_blocks,
    const std::function<void()>& before_block,
    bool class_only) const {
  NADIR_CHECK(
      num_blocks > 0 && num_blocks <= shape_.depth,
      "{} has {} blocks, so the last {} cannot be taken",
      config_.arch,
      shape_.depth,
      num_blocks);
  const AutocastGuard autocast(precision_, images_BCHW.device());
  std::vector<at::Tensor> outputs;
  auto x_BND = embed(images_BCHW);
  std::optional<ResidualStream> stream;
  const auto layout = layout_of({x_BND});
  if (can_stream(x_BND)) {
    stream.emplace(x_BND.flatten(0, 1));
  }
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (before_block) {
      before_block();
    }
    if (class_only && i + 1 == blocks_.size()) {
      outputs.push_back(norm_->forward(
          stream ? blocks_[i]->forward_stream_first(*stream, layout)
                 : blocks_[i]->forward_first(x_BND)));
      break;
    }
    const bool is_wanted =
        blocks_.size() - i <= static_cast<size_t>(num_blocks);
    if (stream) {
      blocks_[i]->forward_stream(*stream, layout);
      x_BND = is_wanted ? stream->value().view(x_BND.sizes()) : x_BND;
    } else {
      x_BND = blocks_[i]->forward(x_BND);
    }
    if (is_wanted) {
      outputs.push_back(
          norm_->forward(class_only ? x_BND.select(1, 0) : x_BND));
    }
  }
  return outputs;
}

std::vector<at::Tensor> VisionTransformer::intermediate_tokens(
    const at::Tensor& images_BCHW,
    int64_t num_blocks,
    const std::function<void()>& before_block) const {
  return run_last_blocks(
      images_BCHW, num_blocks, before_block, /*class_only=*/false);
}

std::vector<at::Tensor> VisionTransformer::intermediate_class_tokens(
    const at::Tensor& images_BCHW,
    int64_t num_blocks,
    const std::function<void()>& before_block) const {
  return run_last_blocks(
      images_BCHW, num_blocks, before_block, /*class_only=*/true);
}

std::vector<BlockInputs> VisionTransformer::class_inputs(
    const at::Tensor& color_C) const {
  std::vector<BlockInputs> inputs(blocks_.size());
  if (!color_C.defined()) {
    return inputs;
  }
  const at::NoGradGuard no_grad;
  const int64_t side = config_.image_size;
  auto x_BND = embed(color_C.to(at::kFloat)
                         .view({1, -1, 1, 1})
                         .expand({1, color_C.size(0), side, side}));
  for (size_t i = 0; i < blocks_.size(); ++i) {
    inputs[i] = blocks_[i]->inputs_of_first(x_BND);
    x_BND = blocks_[i]->forward(x_BND);
  }
  return inputs;
}

void VisionTransformer::freeze(
    Precision precision, const at::Tensor& input_mean_C) {
  NADIR_ASSERT(precision != Precision::kInt8 || pos_embed_.is_cpu());
  precision_ = precision;
  if (!pos_embed_.is_cpu() ||
      (precision == Precision::kBf16 && libtorch_infers_bf16())) {
    return;
  }
  const bool is_int8 = precision == Precision::kInt8;
  const auto centres = class_inputs(is_int8 ? input_mean_C : at::Tensor());
  for (size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i]->freeze(
        is_int8                         ? ops::WeightFormat::kInt8
        : precision == Precision::kBf16 ? ops::WeightFormat::kBfloat16
                                        : ops::WeightFormat::kFloat32,
        centres[i]);
  }
}

at::Tensor VisionTransformer::last_attention(
    const at::Tensor& images_BCHW) const {
  return blocks_.back()->attention(run_to_last_block(embed(images_BCHW), {}));
}

void VisionTransformer::init_weights(RandomStream& random) {
  fill_normal(cls_token_, kTokenInitStd, random);
  fill_normal(pos_embed_, kTokenInitStd, random);
  patch_embed_->init_weights(random);
  for (const auto& block : blocks_) {
    block->init_weights(random);
  }
  norm_->init_weights();
}

}  // namespace nadir::model
