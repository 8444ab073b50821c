#include "augment/view_maker.h"

#include <algorithm>
#include <string>

#include "augment/blur.h"
#include "augment/pixel_steps.h"
#include "augment/resize.h"
#include "augment/view_draw.h"
#include "core/error.h"

namespace nadir::augment {
namespace {

void check_scale(const std::vector<double>& scale, const char* key) {
  NADIR_CHECK(
      scale.size() == 2,
      "{} must be two numbers low,high, got {}",
      key,
      scale.size());
  NADIR_CHECK(
      scale[0] > 0 && scale[0] <= scale[1] && scale[1] <= 1,
      "{} must obey 0 < low <= high <= 1, got {},{}",
      key,
      scale[0],
      scale[1]);
}

void check_range(double value, double low, double high, const char* key) {
  NADIR_CHECK(
      value >= low && value <= high,
      "{} must be in [{}, {}], got {}",
      key,
      low,
      high,
      value);
}

void check(const ViewConfig& config) {
  constexpr int64_t kMaxSide = 8192;
  NADIR_CHECK(
      config.global_crop_size >= 1 && config.global_crop_size <= kMaxSide,
      "global_crop_size must be in [1, {}], got {}",
      kMaxSide,
      config.global_crop_size);
  NADIR_CHECK(
      config.local_crop_size >= 1 && config.local_crop_size <= kMaxSide,
      "local_crop_size must be in [1, {}], got {}",
      kMaxSide,
      config.local_crop_size);
  NADIR_CHECK(
      config.local_crops_number >= 0,
      "local_crops_number must be >= 0, got {}",
      config.local_crops_number);
  check_scale(config.global_crops_scale, "global_crops_scale");
  check_scale(config.local_crops_scale, "local_crops_scale");
  NADIR_CHECK(
      config.blur_sigma.size() == 2,
      "blur_sigma must be two numbers low,high, got {}",
      config.blur_sigma.size());
  NADIR_CHECK(
      config.blur_sigma[0] >= 0 &&
          config.blur_sigma[0] <= config.blur_sigma[1] &&
          config.blur_sigma[1] <= kLargestSigma,
      "blur_sigma must obey 0 <= low <= high <= {}, got {},{}",
      kLargestSigma,
      config.blur_sigma[0],
      config.blur_sigma[1]);
  check_range(config.color_jitter_prob, 0, 1, "color_jitter_prob");
  check_range(config.grayscale_prob, 0, 1, "grayscale_prob");
  check_range(config.solarize_prob, 0, 1, "solarize_prob");
  check_range(config.brightness, 0, 1e3, "brightness");
  check_range(config.contrast, 0, 1e3, "contrast");
  check_range(config.saturation, 0, 1e3, "saturation");
  check_range(config.hue, 0, 0.5, "hue");
}

template <class Pixel>
Pixel* plane_buffer(std::vector<Pixel>& buffer, int64_t size) {
  buffer.resize(std::max(buffer.size(), static_cast<size_t>(size)));
  return buffer.data();
}

template <class Pixel>
void cut(
    const raster::Image& tile,
    const CropBox& box,
    int64_t side,
    Scratch& scratch,
    Pixel* planes) {
  set_taps(scratch, {box.height, side, 0, side}, {box.width, side, 0, side});
  for (int64_t band = 0; band < tile.num_bands(); ++band) {
    resize_plane(
        tile.band<Pixel>(band).data(),
        tile.width(),
        box,
        scratch,
        planes + band * side * side);
  }
}

}  // namespace

ViewMaker::ViewMaker(
    const ViewConfig& config,
    std::vector<double> mean,
    std::vector<double> std,
    bool is_color)
    : config_(config), is_color_(is_color) {
  check(config);
  NADIR_CHECK(
      !mean.empty() && mean.size() == std.size(),
      "a normalisation needs one mean and one std a band, got {} and {}",
      mean.size(),
      std.size());
  NADIR_CHECK(
      !is_color || mean.size() == 3,
      "colour views need 3 bands, got {}",
      mean.size());
  for (size_t band = 0; band < mean.size(); ++band) {
    NADIR_CHECK(
        std[band] > 0,
        "the normalisation's std must be > 0, got {} for band {}",
        std[band],
        band);
    scale_.push_back(static_cast<float>(1 / std[band]));
    offset_.push_back(static_cast<float>(-mean[band] / std[band]));
  }
}

int64_t ViewMaker::num_views() const {
  return 2 + config_.local_crops_number;
}

int64_t ViewMaker::view_size(int64_t view) const {
  return view < 2 ? config_.global_crop_size : config_.local_crop_size;
}

void ViewMaker::make_view(
    const raster::Image& tile,
    int64_t view,
    RandomStream& random,
    std::span<float> out) const {
  const int64_t num_bands = tile.num_bands();
  const int64_t side = view_size(view);
  const int64_t n = side * side;
  NADIR_ASSERT(view >= 0 && view < num_views());
  NADIR_CHECK(
      num_bands == static_cast<int64_t>(scale_.size()) && !tile.empty(),
      "the tile must have pixels in {} bands, as the normalisation, got {} x "
      "{} pixels in {} bands",
      scale_.size(),
      tile.height(),
      tile.width(),
      num_bands);
  NADIR_ASSERT(out.size() == static_cast<size_t>(num_bands * n));
  Scratch& scratch = thread_scratch();
  const ViewDraw draw =
      draw_view(config_, view, tile.height(), tile.width(), random);
  if (tile.type() == raster::PixelType::kUint8) {
    uint8_t* planes = plane_buffer(scratch.planes, num_bands * n);
    cut(tile, draw.box, side, scratch, planes);
    change_pixels(draw, num_bands, is_color_, side, scratch, planes);
    for (int64_t band = 0; band < num_bands; ++band) {
      write_plane(
          draw,
          side,
          scale_[static_cast<size_t>(band)] / 255.0F,
          offset_[static_cast<size_t>(band)],
          scratch,
          planes + band * n,
          out.data() + band * n);
    }
    return;
  }
  NADIR_CHECK(
      tile.type() == raster::PixelType::kFloat32,
      "views are made of uint8 or float32 tiles; convert the digital numbers "
      "with Normalization::to_unit first");
  float* planes = plane_buffer(scratch.float_planes, num_bands * n);
  cut(tile, draw.box, side, scratch, planes);
  change_pixels(draw, num_bands, side, scratch, planes);
  for (int64_t band = 0; band < num_bands; ++band) {
    write_plane(
        draw,
        side,
        scale_[static_cast<size_t>(band)],
        offset_[static_cast<size_t>(band)],
        scratch,
        planes + band * n,
        out.data() + band * n);
  }
}

}  // namespace nadir::augment
