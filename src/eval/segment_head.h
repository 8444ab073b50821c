// A head that turns patch tokens into classes of pixels, and its file:
// segment.json and segment.safetensors (docs/formats/segment.md).
// Shapes: B windows, D channels of tokens, h x w tokens of a window, K classes,
// H x W pixels, R heads trained side by side.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "core/random.h"
#include "data/normalization.h"
#include "eval/segment_classes.h"

namespace nadir::eval {

// linear: one linear map of each token, as the linear protocol of DINOv2
// (arXiv:2304.07193), with tokens brought to mean 0 and deviation 1 in place of
// its batch norm. conv: 3 x 3 to kConvChannels, ReLU, twice as many points
// (bilinear), 3 x 3 to classes, edges repeated. Both: logits to pixels
// bilinearly.
enum class SegmentHeadKind { kLinear, kConv };

inline constexpr int64_t kConvChannels = 64;

// "linear", "conv". Persistent.
[[nodiscard]] std::string to_text(SegmentHeadKind kind);

// Throws Error{kInvalidArgument} naming the kinds there are.
[[nodiscard]] SegmentHeadKind parse_segment_head(const std::string& text);

// weight and bias of each layer, from the tokens on; first dimension R times
// that of one head.
using HeadLayers = std::vector<at::Tensor>;

// First weights of one head: small and normal for linear, He's for conv.
[[nodiscard]] HeadLayers make_head_layers(
    SegmentHeadKind kind,
    int64_t token_width,
    int64_t num_classes,
    RandomStream& random);

// [B, h, w, D] -> logits [B, R K, h', w'], where h' = h, or 2 h of conv.
[[nodiscard]] at::Tensor head_logits(
    SegmentHeadKind kind,
    const HeadLayers& layers,
    const at::Tensor& tokens_BhwD,
    int64_t num_heads = 1);

// How windows become the network's input.
struct SegmentView {
  data::Normalization normalization;
  int64_t window_px = 0;  // of the image
  int64_t input_px = 0;   // of the network
};

struct SegmentHead {
  SegmentHeadKind kind = SegmentHeadKind::kLinear;
  std::vector<MaskClass> classes;
  HeadLayers layers;
  at::Tensor mean_D;  // of training tokens
  at::Tensor std_D;
  int64_t num_blocks = 1;  // whose patch tokens are joined
  SegmentView view;
  double learning_rate = 0;
  std::string weights;         // path of the network, as it was given;
                               // read: beside the head, if it is there
  std::string checkpoint_key;  // teacher or student, if that was given
  std::string weights_sha256;

  // Logits of raw tokens, at the pixels of windows: [B, h, w, D] ->
  // [B, K, side_px, side_px].
  [[nodiscard]] at::Tensor logits(
      const at::Tensor& tokens_BhwD, int64_t side_px) const;
};

// What segment.json says.
[[nodiscard]] nlohmann::ordered_json segment_head_json(const SegmentHead& head);

// Replaces segment.json and segment.safetensors in `folder`.
void save_segment_head(
    const SegmentHead& head, const std::filesystem::path& folder);

// Reads a folder, the segment.json in it, or the one head of a run folder.
// Throws Error{kNotFound} or Error{kCorruptData}, naming the file and what is
// wrong, and Error{kInvalidArgument} where a run has several heads.
[[nodiscard]] SegmentHead load_segment_head(const std::filesystem::path& path);

}  // namespace nadir::eval
