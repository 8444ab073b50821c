#include "eval/segmenter.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "eval/segment_tokens.h"

namespace nadir::eval {

Segmenter::Segmenter(SegmentHead head, FrozenNetwork frozen)
    : head_(std::move(head)), frozen_(std::move(frozen)) {
  NADIR_CHECK(
      head_.weights_sha256 == frozen_.sha256,
      "the segmentation head was trained on other weights than {}: {} (sha256 "
      "{}); its own are {}",
      frozen_.name,
      frozen_.source,
      frozen_.sha256,
      head_.weights_sha256);
}

Segmenter Segmenter::open(
    const std::filesystem::path& path,
    const std::string& device,
    const std::string& precision) {
  auto head = load_segment_head(path);
  FeaturesConfig config;
  config.weights = head.weights;
  config.checkpoint_key = head.checkpoint_key;
  config.device = device;
  config.precision = precision;
  auto frozen = load_frozen_network(config);
  return {std::move(head), std::move(frozen)};
}

at::Tensor Segmenter::probabilities(
    std::span<const raster::Image> windows) const {
  const at::NoGradGuard no_grad;
  NADIR_CHECK(!windows.empty(), "there must be a window to segment");
  const int64_t side = windows[0].height();
  const int64_t patch_px = frozen_.network->config().patch_size;
  SegmentView view = head_.view;
  const int64_t magnified = side * head_.view.input_px;
  NADIR_CHECK(
      magnified % head_.view.window_px == 0 &&
          magnified / head_.view.window_px % patch_px == 0,
      "windows of {} px do not give whole patches; the head was trained with "
      "{} px, seen by the network as {} px in patches of {} px",
      side,
      head_.view.window_px,
      head_.view.input_px,
      patch_px);
  view.input_px = magnified / head_.view.window_px;
  view.window_px = side;
  std::vector<at::Tensor> inputs;
  const WindowPlace whole;
  for (const auto& window : windows) {
    NADIR_CHECK(
        window.height() == side && window.width() == side,
        "windows must be squares of one side, got {} x {} among {} px",
        window.height(),
        window.width(),
        side);
    inputs.push_back(window_inputs(window, {&whole, 1}, view));
  }
  return probabilities(at::cat(inputs), side);
}

at::Tensor Segmenter::probabilities(
    const at::Tensor& inputs_BCSS, int64_t side_px) const {
  const at::NoGradGuard no_grad;
  const auto tokens_BTD = patch_token_extractor(
      *frozen_.network, head_.num_blocks, frozen_.device)(inputs_BCSS);
  const int64_t grid =
      inputs_BCSS.size(2) / frozen_.network->config().patch_size;
  return head_
      .logits(
          tokens_BTD.to(at::kCPU, at::kFloat)
              .view({tokens_BTD.size(0), grid, grid, tokens_BTD.size(2)}),
          side_px)
      .softmax(1);
}

}  // namespace nadir::eval
