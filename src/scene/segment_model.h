// A segmentation head on patch tokens as what is computed of each window.
// Shapes: B windows, C bands, S side of the input, K classes, P parts along an
// axis.
#pragma once

#include <vector>

#include "eval/segmenter.h"
#include "scene/window_model.h"

namespace nadir::scene {

// Probabilities of the head's classes for each of P x P parts of the window:
// the means over their pixels of what eval::Segmenter says of them.
class SegmentModel : public WindowModel {
 public:
  // `num_parts` divides `window_px`.
  SegmentModel(eval::Segmenter segmenter, int64_t window_px, int64_t num_parts);

  [[nodiscard]] const std::vector<WindowField>& fields() const override {
    return fields_;
  }

  [[nodiscard]] std::vector<at::Tensor> forward(
      const at::Tensor& views_BCSS) const override;

 private:
  eval::Segmenter segmenter_;
  int64_t window_px_;
  int64_t num_parts_;
  std::vector<WindowField> fields_;
};

// The most parts of a window of which each has the size of a token or more.
[[nodiscard]] int64_t token_parts(
    const eval::Segmenter& segmenter, int64_t window_px);

// The side of the network's input for windows of `window_px`, magnified as
// those that the head was trained on. Throws Error{kInvalidArgument} where
// patches do not divide it.
[[nodiscard]] int64_t input_px_of(
    const eval::Segmenter& segmenter, int64_t window_px);

}  // namespace nadir::scene
