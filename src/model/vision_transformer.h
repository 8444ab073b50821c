// The Vision Transformer of the DINO reference, with the parameter names of
// its published checkpoints (which are timm's). Dosovitskiy et al. 2021,
// arXiv:2010.11929; Caron et al. 2021, arXiv:2104.14294.
// Shapes: B images, C bands, H x W pixels, N = 1 + (H / p)(W / p) tokens,
// D channels.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/random.h"
#include "model/drop_path.h"
#include "model/layers.h"
#include "model/module.h"
#include "model/precision.h"
#include "model/transformer_block.h"
#include "model/vit_config.h"

namespace nadir::model {

// Cuts images into patches and maps each to a token: a convolution whose
// stride is its kernel's side, written as one matrix product.
class PatchEmbedding : public Module {
 public:
  PatchEmbedding(int64_t in_channels, int64_t patch_size, int64_t dim);

  // [B, C, H, W] -> [B, N - 1, D], patches row by row.
  [[nodiscard]] at::Tensor forward(const at::Tensor& images_BCHW) const;

  void init_weights(RandomStream& random);

 private:
  struct Projection : Module {
    at::Tensor weight;  // [D, C, p, p]
    at::Tensor bias;    // [D]
  };

  std::shared_ptr<Projection> proj_;
};

// Weights are NaN until init_weights() or a checkpoint sets them. Images are
// float32 with sides that are multiples of the patch size; every method throws
// Error{kInvalidArgument} for others. Reading methods may be called from
// several threads at once.
class VisionTransformer : public Module {
 public:
  // Throws Error{kInvalidArgument} for an unknown arch or sizes out of range.
  explicit VisionTransformer(const VitConfig& config);

  // The class token of the last block after the final norm, [B, D]. With
  // `drop_path`, and a rate above 0, branches are left out (student in
  // training).
  [[nodiscard]] at::Tensor forward(
      const at::Tensor& images_BCHW,
      const std::optional<DropPathKey>& drop_path = std::nullopt) const;

  // The same for images of several sizes, a tensor each, one behind the other:
  // [sum of B, D]. `drop_paths` has a key for each, or is empty. On the CPU in
  // float32 their tokens go through the blocks together.
  [[nodiscard]] at::Tensor forward_groups(
      const std::vector<at::Tensor>& groups,
      const std::vector<DropPathKey>& drop_paths) const;

  // All tokens of the last block after the final norm, [B, N, D].
  [[nodiscard]] at::Tensor forward_tokens(
      const at::Tensor& images_BCHW,
      const std::optional<DropPathKey>& drop_path = std::nullopt) const;

  // The same for each of the last `num_blocks` blocks, earliest first.
  // `before_block` is called before each of all blocks and may throw: a batch
  // on the CPU can take a minute.
  [[nodiscard]] std::vector<at::Tensor> intermediate_tokens(
      const at::Tensor& images_BCHW,
      int64_t num_blocks,
      const std::function<void()>& before_block = {}) const;

  // Their first tokens alone, [B, D]: without most of the last block.
  [[nodiscard]] std::vector<at::Tensor> intermediate_class_tokens(
      const at::Tensor& images_BCHW,
      int64_t num_blocks,
      const std::function<void()>& before_block = {}) const;

  // Readies intermediate tokens for many calls at `precision`: on the CPU,
  // weights are packed once. They must not change any more, nor take a
  // gradient. kInt8 on the CPU only: its numbers are counted from what the
  // class token is of an image that is `input_mean_C` everywhere, the mean of
  // images as the network takes them; undefined counts from 0.
  void freeze(Precision precision, const at::Tensor& input_mean_C = {});

  // The last block's attention weights, [B, heads, N, N].
  [[nodiscard]] at::Tensor last_attention(const at::Tensor& images_BCHW) const;

  // The reference's initialisation: normal(0, 0.02) for linear weights, class
  // token and positions, U(+-1 / sqrt(fan in)) for the patch projection, 0 for
  // linear biases, 1 and 0 for norms.
  void init_weights(RandomStream& random);

  [[nodiscard]] const VitConfig& config() const noexcept { return config_; }

  [[nodiscard]] const VitShape& shape() const noexcept { return shape_; }

 private:
  // Patch tokens behind the class token, positions added: [B, N, D].
  [[nodiscard]] at::Tensor embed(const at::Tensor& images_BCHW) const;

  // The factors of stochastic depth, [depth, 2, B], or undefined.
  [[nodiscard]] at::Tensor drop_path_factors(
      const std::optional<DropPathKey>& key,
      const at::Tensor& images_BCHW) const;

  // forward_groups() where blocks take all tokens together.
  [[nodiscard]] at::Tensor forward_packed(
      const std::vector<at::Tensor>& tokens,
      const std::vector<at::Tensor>& factors) const;

  // The same by kernels for a GPU.
  [[nodiscard]] at::Tensor forward_stream(
      const std::vector<at::Tensor>& tokens,
      const std::vector<at::Tensor>& factors) const;

  // Of each block, for an image of one colour; undefined ones without it.
  [[nodiscard]] std::vector<BlockInputs> class_inputs(
      const at::Tensor& color_C) const;

  // Tokens or, with `class_only`, first tokens of the last blocks.
  [[nodiscard]] std::vector<at::Tensor> run_last_blocks(
      const at::Tensor& images_BCHW,
      int64_t num_blocks,
      const std::function<void()>& before_block,
      bool class_only) const;

  // Embedded tokens after every block but the last.
  [[nodiscard]] at::Tensor run_to_last_block(
      at::Tensor x_BND, const at::Tensor& factors_L2B) const;

  VitConfig config_;
  VitShape shape_;
  Precision precision_ = Precision::kFp32;  // of intermediate tokens
  at::Tensor cls_token_;                    // [1, 1, D]
  at::Tensor pos_embed_;                    // [1, 1 + S * S, D]
  std::shared_ptr<PatchEmbedding> patch_embed_;
  std::vector<std::shared_ptr<TransformerBlock>> blocks_;
  std::shared_ptr<LayerNorm> norm_;
};

}  // namespace nadir::model
