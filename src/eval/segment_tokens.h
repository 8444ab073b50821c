// Patch tokens of the windows of images: what segmentation heads read.
// Shapes: B windows of a batch, W windows of a set, T tokens of a window, D
// channels, S side of the network's input.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "eval/feature_cache.h"
#include "eval/frozen_network.h"
#include "eval/segment_data.h"
#include "eval/segment_head.h"
#include "eval/segment_windows.h"

namespace nadir::eval {

// [B, C, S, S] float32 on the CPU -> [B, T, D] on any device.
using TokenExtractor = std::function<at::Tensor(const at::Tensor& images_BCSS)>;

// The normed patch tokens of the last `num_blocks` blocks, earliest first,
// joined. `network` must outlive the extractor.
[[nodiscard]] TokenExtractor patch_token_extractor(
    const model::VisionTransformer& network,
    int64_t num_blocks,
    at::Device device);

// Mean, deviation, smallest and largest value of each band of each patch.
[[nodiscard]] TokenExtractor patch_statistics_extractor(int64_t patch_px);

// What computes tokens, and what tells them apart in a cache.
struct TokenSource {
  std::string name;
  nlohmann::json key;
  TokenExtractor extractor;
  bool is_baseline = true;
  std::shared_ptr<model::VisionTransformer> network{};  // kept for extractor
};

// Windows as the network's input, [B, C, S, S]; the pixels of `image` are those
// that were read. Throws Error{kInvalidArgument} on other bands than the
// normalisation's.
[[nodiscard]] at::Tensor window_inputs(
    const raster::Image& image,
    std::span<const WindowPlace> places,
    const SegmentView& view);

// Tokens [W, T, D] float32 on the CPU of all windows of all images, in their
// order; kept in `cache`. Throws Error{kCorruptData} where a mask has another
// size than its image, and Stopped after a signal.
[[nodiscard]] at::Tensor window_tokens(
    const MaskedImages& set,
    std::span<const Mask> masks,
    const SegmentView& view,
    const TokenSource& source,
    int64_t patch_px,
    int64_t batch_size,
    const FeatureCache& cache,
    const std::string& what);

}  // namespace nadir::eval
