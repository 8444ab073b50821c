#include "scene/window_cutter.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "augment/view_maker.h"

namespace nadir::scene {

WindowCutter::WindowCutter(
    const Scene& scene,
    const WindowPlan& plan,
    const eval::ViewRecipe& views,
    double min_valid_share,
    StripCache& strips)
    : scene_(scene),
      plan_(plan),
      views_(views),
      min_valid_share_(min_valid_share),
      strips_(strips),
      can_be_invalid_(
          scene.nodata().has_value() || scene.has_mask() ||
          scene.info().type == raster::PixelType::kFloat32) {}

std::vector<int64_t> WindowCutter::segment_sizes() const {
  const auto num_bands = static_cast<int64_t>(scene_.bands().size());
  return {
      num_bands * views_.crop_px * views_.crop_px,
      1 + plan_.rows.most_own_cells() * plan_.cols.most_own_cells()};
}

void WindowCutter::cut(
    int64_t window, std::span<const std::span<float>> segments) const {
  const int64_t side = plan_.cols.window_px();
  const int64_t col = plan_.cols.start(plan_.col_of(window));
  const auto strip = strips_.strip(plan_.row_of(window));
  auto image = cut_columns(strip->pixels, col, side);
  double share = 1;
  std::vector<uint8_t> is_valid;
  if (can_be_invalid_) {
    std::optional<raster::Image> mask;
    if (strip->mask) {
      mask = cut_columns(*strip->mask, col, side);
    }
    is_valid = valid_pixels(scene_, image, mask ? &*mask : nullptr);
    const auto count =
        std::accumulate(is_valid.begin(), is_valid.end(), int64_t{0});
    share = static_cast<double>(count) / static_cast<double>(is_valid.size());
  }
  const auto view = segments[kViewSegment];
  const auto data = segments[kDataSegment];
  data[0] = static_cast<float>(share);
  note_cells(window, is_valid, data.subspan(1));
  if (!is_enough(data[0])) {
    std::fill(view.begin(), view.end(), 0.0F);
    return;
  }
  if (share < 1) {
    fill_invalid(is_valid, image);
  }
  augment::make_test_view(
      views_.normalization.to_unit(image),
      views_.resize_px,
      views_.crop_px,
      views_.normalization.mean,
      views_.normalization.std,
      view);
}

// `is_valid` is empty where all pixels are.
void WindowCutter::note_cells(
    int64_t window,
    const std::vector<uint8_t>& is_valid,
    std::span<float> flags) const {
  const int64_t row = plan_.row_of(window);
  const int64_t col = plan_.col_of(window);
  const int64_t top = plan_.rows.start(row);
  const int64_t left = plan_.cols.start(col);
  const int64_t side = plan_.cols.window_px();
  const auto has_valid = [&](int64_t y, int64_t x) {
    const int64_t row_end = std::min(plan_.rows.cell_end(y) - top, side);
    const int64_t col_end = std::min(plan_.cols.cell_end(x) - left, side);
    for (int64_t r = plan_.rows.cell_begin(y) - top; r < row_end; ++r) {
      const auto* pixels = is_valid.data() + r * side;
      if (std::any_of(
              pixels + plan_.cols.cell_begin(x) - left,
              pixels + col_end,
              [](uint8_t one) { return one != 0; })) {
        return true;
      }
    }
    return false;
  };
  size_t next = 0;
  for (int64_t y = plan_.rows.first_own_cell(row);
       y < plan_.rows.first_own_cell(row + 1);
       ++y) {
    for (int64_t x = plan_.cols.first_own_cell(col);
         x < plan_.cols.first_own_cell(col + 1);
         ++x) {
      flags[next++] = is_valid.empty() || has_valid(y, x) ? 1.0F : 0.0F;
    }
  }
}

}  // namespace nadir::scene
