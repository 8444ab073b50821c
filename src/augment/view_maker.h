// Views of a tile: a pure function of (tile, configuration, random stream).
// On 8-bit three-band tiles every step equals Pillow and torchvision as the
// reference DINO uses them; on other tiles the steps act per band.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "augment/view_config.h"
#include "core/random.h"
#include "raster/image.h"

namespace nadir::augment {

// Stateless after construction and thread-safe; scratch memory is per thread.
class ViewMaker {
 public:
  // `mean` and `std` (one value per band, of u in [0, 1]) are the last step of
  // every view; see data/normalization.h. `is_color` says that the three
  // bands are red, green, blue, so that saturation, hue and greyscale apply.
  // Throws Error{kInvalidArgument} if a field of `config` is out of range.
  ViewMaker(
      const ViewConfig& config,
      std::vector<double> mean,
      std::vector<double> std,
      bool is_color);

  // 2 + local_crops_number; views 0 and 1 are the global ones.
  [[nodiscard]] int64_t num_views() const;

  // Side of view `view` in pixels.
  [[nodiscard]] int64_t view_size(int64_t view) const;

  // Writes view `view` of `tile` (uint8, or float32 in units of u) as float32
  // [num_bands, size, size] to `out`. All draws come from `random`.
  void make_view(
      const raster::Image& tile,
      int64_t view,
      RandomStream& random,
      std::span<float> out) const;

 private:
  ViewConfig config_;
  std::vector<float> scale_;   // 1 / std
  std::vector<float> offset_;  // -mean / std
  bool is_color_;
};

// The test view: shorter side resized to `resize_px` (bicubic, antialiased),
// centre crop of `crop_px`, then (u - mean) / std, float32
// [num_bands, crop_px, crop_px] to `out`. With resize_px == 0 the whole image
// is resized to crop_px x crop_px. The reference uses 256 and 224.
void make_test_view(
    const raster::Image& tile,
    int64_t resize_px,
    int64_t crop_px,
    std::span<const double> mean,
    std::span<const double> std,
    std::span<float> out);

}  // namespace nadir::augment
