// Classes of the pixels of windows by a saved head: what `nadir map` and others
// that read scenes window by window need.
// Shapes: B windows, K classes, P side of a window in pixels.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/frozen_network.h"
#include "eval/segment_head.h"
#include "raster/image.h"

namespace nadir::eval {

// A head and its network. Reading methods may be called from several threads
// at once; each call uses LibTorch's threads for itself.
class Segmenter {
 public:
  // Throws Error{kInvalidArgument} where the checksum of the network is not
  // that of the weights the head was trained on, naming both.
  Segmenter(SegmentHead head, FrozenNetwork frozen);

  // The head at `path` (load_segment_head()) and the network that it names.
  // Throws as these do.
  [[nodiscard]] static Segmenter open(
      const std::filesystem::path& path,
      const std::string& device = "cpu",
      const std::string& precision = "fp32");

  // Probabilities [B, K, P, P] float32 on the CPU, over the classes of head()
  // in their order; they sum to 1 at each pixel. `windows` are pixels as they
  // are read, all squares of one side P, with the bands of
  // head().view.normalization. P is best the side the head was trained with,
  // head().view.window_px; any is taken whose magnification by input_px /
  // window_px gives whole patches. Throws Error{kInvalidArgument} else.
  [[nodiscard]] at::Tensor probabilities(
      std::span<const raster::Image> windows) const;

  // The same of windows that are the network's input already, as
  // window_inputs() makes it: [B, C, S, S] -> [B, K, side_px, side_px].
  [[nodiscard]] at::Tensor probabilities(
      const at::Tensor& inputs_BCSS, int64_t side_px) const;

  [[nodiscard]] const SegmentHead& head() const { return head_; }

  [[nodiscard]] const FrozenNetwork& frozen() const { return frozen_; }

 private:
  SegmentHead head_;
  FrozenNetwork frozen_;
};

}  // namespace nadir::eval
