#include "scene/window_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/ceil_div.h"
#include "core/error.h"

namespace nadir::scene {

Blend blend_from_text(const std::string& text) {
  NADIR_CHECK(
      text == "cosine" || text == "none",
      "blend must be cosine or none, got '{}'",
      text);
  return text == "cosine" ? Blend::kCosine : Blend::kNone;
}

Axis::Axis(
    int64_t size_px, int64_t window_px, int64_t stride_px, int64_t cell_px)
    : size_px_(size_px), window_px_(window_px), cell_px_(cell_px) {
  NADIR_CHECK(
      window_px > 0 && window_px <= size_px,
      "window_px must lie between 1 and the scene's {} pixels, got {}",
      size_px,
      window_px);
  NADIR_CHECK(
      stride_px > 0 && stride_px <= window_px,
      "stride_px must lie between 1 and window_px, which is {}, got {}",
      window_px,
      stride_px);
  NADIR_CHECK(
      cell_px > 0 && cell_px <= stride_px,
      "a cell must have between 1 pixel and the stride's {}, got {}",
      stride_px,
      cell_px);
  for (int64_t start = 0; start + window_px <= size_px; start += stride_px) {
    starts_.push_back(start);
  }
  if (starts_.back() + window_px < size_px) {
    starts_.push_back(size_px - window_px);
  }
  for (const int64_t start : starts_) {
    first_own_cells_.push_back(ceil_div(start, cell_px));
  }
  first_own_cells_.push_back(num_cells());
}

int64_t Axis::cell_end(int64_t cell) const {
  return std::min(size_px_, (cell + 1) * cell_px_);
}

int64_t Axis::most_own_cells() const {
  int64_t most = 0;
  for (int64_t window = 0; window < num_windows(); ++window) {
    most = std::max(most, first_own_cell(window + 1) - first_own_cell(window));
  }
  return most;
}

std::vector<Share> Axis::shares(
    int64_t cell, int64_t num_parts, Blend blend) const {
  const double center =
      0.5 * static_cast<double>(cell_begin(cell) + cell_end(cell));
  const auto length = static_cast<double>(window_px_);
  std::vector<Share> found;
  const auto first = std::upper_bound(
      starts_.begin(),
      starts_.end(),
      center - length,
      [](double at, int64_t s) { return at < static_cast<double>(s); });
  for (auto window = first - starts_.begin(); window < num_windows();
       ++window) {
    const double offset = center - static_cast<double>(start(window));
    if (offset <= 0) {
      break;
    }
    const double from_center = offset - 0.5 * length;
    const double cosine = std::cos(std::numbers::pi * from_center / length);
    const auto part =
        static_cast<int64_t>(offset * static_cast<double>(num_parts) / length);
    found.push_back({window, std::min(part, num_parts - 1), cosine * cosine});
  }
  if (blend == Blend::kNone) {
    const auto nearest = *std::max_element(
        found.begin(), found.end(), [](const Share& a, const Share& b) {
          return a.weight < b.weight;
        });
    return {{nearest.window, nearest.part, 1.0}};
  }
  return found;
}

int64_t WindowPlan::first_own_cell(int64_t window) const {
  const int64_t row = row_of(window);
  const int64_t col = col_of(window);
  const int64_t rows_before = rows.first_own_cell(row);
  if (row == rows.num_windows()) {
    return rows_before * cols.num_cells();
  }
  const int64_t own_rows = rows.first_own_cell(row + 1) - rows_before;
  return rows_before * cols.num_cells() + own_rows * cols.first_own_cell(col);
}

}  // namespace nadir::scene
