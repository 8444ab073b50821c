#include "eval/segment_head.h"

#include <cmath>

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::eval {

namespace {

at::Tensor normal_tensor(
    at::IntArrayRef sizes, double deviation, RandomStream& random) {
  auto values = at::empty(sizes);
  float* value = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    value[i] = static_cast<float>(deviation * random.normal());
  }
  return values;
}

// He et al. 2015, arXiv:1502.01852.
at::Tensor convolution_weight(
    int64_t num_out, int64_t num_in, RandomStream& random) {
  const double fan_in = 9.0 * static_cast<double>(num_in);
  return normal_tensor({num_out, num_in, 3, 3}, std::sqrt(2 / fan_in), random);
}

at::Tensor resize(const at::Tensor& maps, int64_t height, int64_t width) {
  return at::upsample_bilinear2d(maps, {height, width}, false);
}

// 3 x 3; the edge's values are repeated outside, since zeros show as seams
// between windows.
at::Tensor convolve(
    const at::Tensor& maps,
    const at::Tensor& weight,
    const at::Tensor& bias,
    int64_t groups) {
  return at::conv2d(
      at::replication_pad2d(maps, {1, 1, 1, 1}),
      weight,
      bias,
      1,
      at::IntArrayRef{0},
      1,
      groups);
}

}  // namespace

std::string to_text(SegmentHeadKind kind) {
  return kind == SegmentHeadKind::kLinear ? "linear" : "conv";
}

SegmentHeadKind parse_segment_head(const std::string& text) {
  NADIR_CHECK(
      text == "linear" || text == "conv",
      "head must be linear or conv, got '{}'",
      text);
  return text == "linear" ? SegmentHeadKind::kLinear : SegmentHeadKind::kConv;
}

HeadLayers make_head_layers(
    SegmentHeadKind kind,
    int64_t token_width,
    int64_t num_classes,
    RandomStream& random) {
  if (kind == SegmentHeadKind::kLinear) {
    return {
        normal_tensor({num_classes, token_width}, 0.01, random),
        at::zeros({num_classes})};
  }
  auto first = convolution_weight(kConvChannels, token_width, random);
  auto second = convolution_weight(num_classes, kConvChannels, random);
  return {first, at::zeros({kConvChannels}), second, at::zeros({num_classes})};
}

at::Tensor head_logits(
    SegmentHeadKind kind,
    const HeadLayers& layers,
    const at::Tensor& tokens_BhwD,
    int64_t num_heads) {
  if (kind == SegmentHeadKind::kLinear) {
    return at::linear(tokens_BhwD, layers[0], layers[1])
        .permute({0, 3, 1, 2})
        .contiguous();
  }
  auto maps =
      convolve(tokens_BhwD.permute({0, 3, 1, 2}), layers[0], layers[1], 1)
          .relu();
  maps = resize(maps, 2 * maps.size(2), 2 * maps.size(3));
  return convolve(maps, layers[2], layers[3], num_heads).contiguous();
}

at::Tensor SegmentHead::logits(
    const at::Tensor& tokens_BhwD, int64_t side_px) const {
  const auto tokens = (tokens_BhwD - mean_D) / std_D;
  return resize(head_logits(kind, layers, tokens), side_px, side_px);
}

}  // namespace nadir::eval
