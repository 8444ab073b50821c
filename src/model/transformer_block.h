// One pre-norm transformer block: x += attention(norm1 x); x += mlp(norm2 x).
// Shapes: B images, N tokens, D channels, H heads.
#pragma once

#include <memory>

#include "model/layers.h"
#include "model/module.h"
#include "model/residual_stream.h"
#include "ops/attention_branch.h"
#include "ops/mlp_branch.h"

namespace nadir::model {

// What the linear maps of a block are given for one token; all undefined where
// it does not matter.
struct BlockInputs {
  at::Tensor qkv_D;
  at::Tensor proj_D;
  at::Tensor fc1_D;
  at::Tensor fc2_F;
};

// Multi-head self-attention. The queries, keys and values of all heads come
// from one linear map, laid out [3, H, D / H]; softmax scale (D / H)^-0.5.
class Attention : public Module {
 public:
  Attention(int64_t dim, int64_t num_heads);

  [[nodiscard]] at::Tensor forward(const at::Tensor& x_BND) const;

  // What forward() gives for the first token, [B, D], without computing what
  // the other tokens would see.
  [[nodiscard]] at::Tensor forward_first(const at::Tensor& x_BND) const;

  // The softmax weights, [B, H, N, N]: row n says where token n looks.
  [[nodiscard]] at::Tensor weights(const at::Tensor& x_BND) const;

  // What forward() adds to a stream of images of several sizes, given its norm.
  [[nodiscard]] gpu::Branch branch(
      const at::Tensor& norm_TD,
      const ops::TokenLayout& layout,
      const at::Tensor& factors_T) const;

  // What the fused branch takes, with the norm before it.
  [[nodiscard]] ops::AttentionParameters parameters_behind(
      const LayerNorm& norm) const;

  // The two steps of forward(): the heads' outputs side by side, [B, N, D], and
  // what proj makes of them.
  [[nodiscard]] at::Tensor mix(const at::Tensor& x_BND) const;
  [[nodiscard]] at::Tensor project_out(const at::Tensor& mixed_BND) const;

  void freeze(ops::WeightFormat format, const BlockInputs& centres);

  void init_weights(RandomStream& random);

 private:
  // [3, B, H, N, D / H], a view.
  [[nodiscard]] at::Tensor project(const at::Tensor& x_BND) const;

  int64_t num_heads_;
  std::shared_ptr<Linear> qkv_;
  std::shared_ptr<Linear> proj_;
};

// Linear, exact GELU, Linear.
class Mlp : public Module {
 public:
  Mlp(int64_t dim, int64_t hidden_dim);

  [[nodiscard]] at::Tensor forward(const at::Tensor& x_BND) const;

  // What forward() adds to a stream, given its norm.
  [[nodiscard]] gpu::Branch branch(
      const at::Tensor& norm_TD, const at::Tensor& factors_T) const;

  [[nodiscard]] ops::MlpParameters parameters_behind(
      const LayerNorm& norm) const;

  // What fc2 is given, [B, N, F].
  [[nodiscard]] at::Tensor hidden(const at::Tensor& x_BND) const;

  void freeze(ops::WeightFormat format, const BlockInputs& centres);

  void init_weights(RandomStream& random);

 private:
  std::shared_ptr<Linear> fc1_;
  std::shared_ptr<Linear> fc2_;
};

// Whether blocks take `tokens` packed: float32 on the CPU.
[[nodiscard]] bool can_pack(const at::Tensor& tokens);

class TransformerBlock : public Module {
 public:
  TransformerBlock(int64_t dim, int64_t num_heads);

  // `drop_path_2B` holds the factors of the two branches for each image (see
  // drop_path.h), or is undefined to leave nothing out.
  [[nodiscard]] at::Tensor forward(
      const at::Tensor& x_BND, const at::Tensor& drop_path_2B = {}) const;

  // The first token of forward()'s result, [B, D]: enough for the last block,
  // of which training uses the class token only.
  [[nodiscard]] at::Tensor forward_first(
      const at::Tensor& x_BND, const at::Tensor& drop_path_2B = {}) const;

  // The same for tokens of images of several sizes, by kernels of our own:
  // float32 on the CPU. `drop_path_2B` has the images of all groups.
  [[nodiscard]] at::Tensor forward_packed(
      const at::Tensor& x_TD,
      const ops::TokenLayout& layout,
      const at::Tensor& drop_path_2B) const;
  [[nodiscard]] at::Tensor forward_packed_first(
      const at::Tensor& x_TD,
      const ops::TokenLayout& layout,
      const at::Tensor& drop_path_2B) const;

  // The same by kernels for a GPU. `drop_path_2T` has the factors of each
  // token, `drop_path_2B` those of each image.
  void forward_stream(
      ResidualStream& stream,
      const ops::TokenLayout& layout,
      const at::Tensor& drop_path_2T = {}) const;
  [[nodiscard]] at::Tensor forward_stream_first(
      ResidualStream& stream,
      const ops::TokenLayout& layout,
      const at::Tensor& drop_path_2B = {}) const;

  // Packed blocks keep their inputs alone for the gradient, and compute the
  // rest again: less memory, more time.
  void set_recomputes(bool recomputes) { recomputes_ = recomputes; }

  // For inference by packed blocks: weights are packed once, in `format`, and
  // must not change any more. `centres` for 8-bit numbers; see LinearWeight.
  void freeze(ops::WeightFormat format, const BlockInputs& centres = {});

  // What the linear maps are given for the first image's first token.
  [[nodiscard]] BlockInputs inputs_of_first(const at::Tensor& x_BND) const;

  // The attention weights [B, H, N, N] that forward() would use.
  [[nodiscard]] at::Tensor attention(const at::Tensor& x_BND) const;

  void init_weights(RandomStream& random);

 private:
  bool recomputes_ = false;
  std::shared_ptr<LayerNorm> norm1_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<LayerNorm> norm2_;
  std::shared_ptr<Mlp> mlp_;
};

}  // namespace nadir::model
