// From a strip of a scene to the network's view of one of its windows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/features.h"
#include "scene/scene.h"
#include "scene/strip_cache.h"
#include "scene/window_plan.h"

namespace nadir::scene {

// A window on its way has two segments of floats: its view [C, S, S], and its
// share of valid pixels followed by 1 or 0 for each of its own cells, whether
// it has a valid pixel.
inline constexpr size_t kViewSegment = 0;
inline constexpr size_t kDataSegment = 1;

// Thread-safe. What it is made of must outlive it.
class WindowCutter {
 public:
  WindowCutter(
      const Scene& scene,
      const WindowPlan& plan,
      const eval::ViewRecipe& views,
      double min_valid_share,
      StripCache& strips);

  [[nodiscard]] std::vector<int64_t> segment_sizes() const;

  // Pixels that are not valid get the mean of those that are; the view of a
  // window without enough valid pixels is 0. Throws what reading throws.
  void cut(int64_t window, std::span<const std::span<float>> segments) const;

  // Whether a window with such a share of valid pixels is looked at.
  [[nodiscard]] bool is_enough(float share) const {
    return share > 0 && share >= static_cast<float>(min_valid_share_);
  }

 private:
  void note_cells(
      int64_t window,
      const std::vector<uint8_t>& is_valid,
      std::span<float> flags) const;

  const Scene& scene_;
  const WindowPlan& plan_;
  const eval::ViewRecipe& views_;
  double min_valid_share_;
  StripCache& strips_;
  bool can_be_invalid_;
};

}  // namespace nadir::scene
