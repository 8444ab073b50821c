// Trains segmentation heads of all learning rates at once, and takes them to
// whole images.
// Shapes: W windows, T tokens of each, D channels, S side of a window in
// pixels.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/confusion.h"
#include "eval/segment_config.h"
#include "eval/segment_head.h"
#include "eval/segment_windows.h"

namespace nadir::eval {

// Throws Error{kInvalidArgument} naming the field that is out of range.
void check_config(const SegmentHeadConfig& config);

// Tokens of windows and the masks they were cut from.
struct TokenSet {
  at::Tensor tokens_WTD;  // float32, on the CPU
  std::span<const Mask>
      masks;  // of the images, whose windows follow each other
};

struct TrainedHead {
  SegmentHead head;       // kind, layers, statistics of tokens, learning rate
  double train_loss = 0;  // mean over the pixels of the last epoch
};

// A head for each learning rate of `config`: cross-entropy over the pixels of
// windows of side_px, ignored ones left out, by Adam (Kingma and Ba 2015) with
// the rate falling along a cosine. All start with the same weights. Depends on
// the seed, not on the device's threads' timing. Throws Error{kInvalidArgument}
// where no pixel is judged, Stopped after a signal.
[[nodiscard]] std::vector<TrainedHead> train_segment_heads(
    SegmentHeadKind kind,
    const TokenSet& train,
    int64_t num_classes,
    int64_t side_px,
    const SegmentHeadConfig& config,
    const std::string& what);

// The class of each pixel of each image: the likeliest; where windows overlap,
// by the sum of their probabilities.
[[nodiscard]] std::vector<std::vector<uint8_t>> predict_images(
    const SegmentHead& head, const TokenSet& set, int64_t side_px);

// predict_images() against the masks, an entry an image.
[[nodiscard]] std::vector<Confusion> score_images(
    const SegmentHead& head, const TokenSet& set, int64_t side_px);

}  // namespace nadir::eval
