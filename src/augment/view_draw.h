// Everything random about one view, drawn before any pixel is touched.
#pragma once

#include <array>
#include <cstdint>

#include "augment/view_config.h"
#include "core/random.h"

namespace nadir::augment {

// A window of the tile in pixels.
struct CropBox {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;

  bool operator==(const CropBox&) const = default;
};

enum class JitterStep { kBrightness, kContrast, kSaturation, kHue };

// What happens to a view, in the order of the fields; the turn and the flips
// come last, where they give the same pixels as right after the crop.
struct ViewDraw {
  CropBox box;
  bool jitter = false;
  std::array<JitterStep, 4> jitter_order{};
  float brightness = 1;  // factor; 1 leaves the view alone
  float contrast = 1;    // factor
  float saturation = 1;  // factor
  double hue = 0;        // share of the full circle, -0.5 .. 0.5
  bool grayscale = false;
  float blur_sigma = 0;  // standard deviation in pixels; 0 = no blur
  bool solarize = false;
  int quarter_turns = 0;   // anticlockwise, 0 .. 3
  bool flip_cols = false;  // left and right, after the turn
  bool flip_rows = false;  // up and down
};

// torchvision's RandomResizedCrop: up to ten draws of area and of the side
// ratio in [3/4, 4/3]; then the centre of the tile with its ratio clamped.
[[nodiscard]] CropBox draw_crop_box(
    int64_t height,
    int64_t width,
    double low_scale,
    double high_scale,
    RandomStream& random);

// The draws of view `view` of a tile of height x width pixels. The number of
// draws taken from `random` depends on the draws: a stream serves one view.
[[nodiscard]] ViewDraw draw_view(
    const ViewConfig& config,
    int64_t view,
    int64_t height,
    int64_t width,
    RandomStream& random);

}  // namespace nadir::augment
