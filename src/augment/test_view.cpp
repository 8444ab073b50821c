#include <algorithm>
#include <cmath>

#include "augment/pixel_steps.h"
#include "augment/resize.h"
#include "augment/view_maker.h"
#include "core/error.h"

namespace nadir::augment {
namespace {

// Python's round((size - crop) / 2.0): half to even, as torchvision crops.
int64_t centered_begin(int64_t size, int64_t crop) {
  return static_cast<int64_t>(
      std::nearbyint(static_cast<double>(size - crop) / 2.0));
}

AxisPart resized_axis(
    int64_t in_size, int64_t short_side, int64_t resize_px, int64_t crop_px) {
  if (resize_px == 0) {
    return {in_size, crop_px, 0, crop_px};
  }
  const int64_t out_size = resize_px * in_size / short_side;
  return {in_size, out_size, centered_begin(out_size, crop_px), crop_px};
}

template <class Pixel>
void write_bands(
    const raster::Image& tile,
    double unit,
    int64_t side,
    std::span<const double> mean,
    std::span<const double> std,
    Scratch& scratch,
    std::vector<Pixel>& buffer,
    std::span<float> out) {
  const int64_t n = side * side;
  buffer.resize(std::max(buffer.size(), static_cast<size_t>(n)));
  const CropBox whole{0, 0, tile.height(), tile.width()};
  for (int64_t band = 0; band < tile.num_bands(); ++band) {
    const auto at = static_cast<size_t>(band);
    resize_plane(
        tile.band<Pixel>(band).data(),
        tile.width(),
        whole,
        scratch,
        buffer.data());
    write_plane(
        ViewDraw{},
        side,
        static_cast<float>(unit / std[at]),
        static_cast<float>(-mean[at] / std[at]),
        scratch,
        buffer.data(),
        out.data() + band * n);
  }
}

}  // namespace

void make_test_view(
    const raster::Image& tile,
    int64_t resize_px,
    int64_t crop_px,
    std::span<const double> mean,
    std::span<const double> std,
    std::span<float> out) {
  NADIR_CHECK(crop_px > 0, "the crop must be > 0 pixels, got {}", crop_px);
  NADIR_CHECK(
      resize_px == 0 || resize_px >= crop_px,
      "the resized side must be 0 (the crop's) or at least the crop's {} "
      "pixels, got {}",
      crop_px,
      resize_px);
  const auto num_bands = static_cast<size_t>(tile.num_bands());
  NADIR_CHECK(
      !tile.empty() && mean.size() == num_bands && std.size() == num_bands,
      "a test view needs pixels and one mean and std a band, got {} bands, {} "
      "means and {} stds",
      num_bands,
      mean.size(),
      std.size());
  NADIR_ASSERT(
      out.size() == num_bands * static_cast<size_t>(crop_px * crop_px));
  Scratch& scratch = thread_scratch();
  const int64_t short_side = std::min(tile.height(), tile.width());
  set_taps(
      scratch,
      resized_axis(tile.height(), short_side, resize_px, crop_px),
      resized_axis(tile.width(), short_side, resize_px, crop_px));
  if (tile.type() == raster::PixelType::kUint8) {
    write_bands(
        tile, 1 / 255.0, crop_px, mean, std, scratch, scratch.planes, out);
    return;
  }
  NADIR_CHECK(
      tile.type() == raster::PixelType::kFloat32,
      "test views are made of uint8 or float32 tiles; convert the digital "
      "numbers with Normalization::to_unit first");
  write_bands(
      tile, 1.0, crop_px, mean, std, scratch, scratch.float_planes, out);
}

}  // namespace nadir::augment
