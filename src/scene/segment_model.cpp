#include "scene/segment_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "core/signals.h"

namespace nadir::scene {

SegmentModel::SegmentModel(
    eval::Segmenter segmenter, int64_t window_px, int64_t num_parts)
    : segmenter_(std::move(segmenter)),
      window_px_(window_px),
      num_parts_(num_parts) {
  NADIR_ASSERT(num_parts > 0 && window_px % num_parts == 0);
  fields_.push_back(
      {kProbabilities,
       static_cast<int64_t>(segmenter_.head().classes.size()),
       num_parts});
}

std::vector<at::Tensor> SegmentModel::forward(
    const at::Tensor& views_BCSS) const {
  const at::NoGradGuard no_grad;
  stop_if_told("windows of the batch in hand");
  const auto pixels_BKPP = segmenter_.probabilities(views_BCSS, window_px_);
  const int64_t part_px = window_px_ / num_parts_;
  return {at::avg_pool2d(pixels_BKPP, {part_px, part_px}).contiguous()};
}

int64_t input_px_of(const eval::Segmenter& segmenter, int64_t window_px) {
  const auto& view = segmenter.head().view;
  const int64_t patch_px = segmenter.frozen().network->config().patch_size;
  const int64_t magnified = window_px * view.input_px;
  NADIR_CHECK(
      magnified % view.window_px == 0 &&
          magnified / view.window_px % patch_px == 0,
      "--window-px {} does not give whole patches; the head was trained with "
      "windows of {} px, seen by the network as {} px in patches of {} px",
      window_px,
      view.window_px,
      view.input_px,
      patch_px);
  return magnified / view.window_px;
}

int64_t token_parts(const eval::Segmenter& segmenter, int64_t window_px) {
  const int64_t patch_px = segmenter.frozen().network->config().patch_size;
  int64_t parts = input_px_of(segmenter, window_px) / patch_px;
  while (window_px % parts != 0) {
    --parts;  // 1 divides
  }
  return parts;
}

}  // namespace nadir::scene
