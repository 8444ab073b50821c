#include "eval/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "eval/picture_text.h"

namespace nadir::eval {

namespace {

constexpr int64_t kGap = 6;

// Cells at least so wide have letters of two pixels a point.
constexpr int64_t kLargeCell = 200;

struct Place {
  int64_t top;
  int64_t left;
  int64_t height;
  int64_t width;
};

Place place_of(const SheetCell& cell, int64_t top, int64_t left, int64_t side) {
  const auto length = static_cast<double>(side);
  const auto at_least_one = [](double value) {
    return std::max<int64_t>(1, std::llround(value));
  };
  return cell.aspect >= 1
             ? Place{top, left, at_least_one(length / cell.aspect), side}
             : Place{top, left, side, at_least_one(length * cell.aspect)};
}

void paste(
    const raster::Image& picture, const Place& place, raster::Image& sheet) {
  for (int64_t c = 0; c < 3; ++c) {
    const auto src = picture.band<uint8_t>(c);
    auto dst = sheet.band<uint8_t>(c);
    for (int64_t row = 0; row < place.height; ++row) {
      const int64_t src_row = row * picture.height() / place.height;
      for (int64_t col = 0; col < place.width; ++col) {
        const int64_t src_col = col * picture.width() / place.width;
        dst[(place.top + row) * sheet.width() + place.left + col] =
            src[src_row * picture.width() + src_col];
      }
    }
  }
}

}  // namespace

raster::Image contact_sheet(
    const std::vector<std::string>& headings,
    const std::vector<SheetRow>& rows,
    int64_t cell_px) {
  const int64_t scale = cell_px >= kLargeCell ? 2 : 1;
  const int64_t line_px = text_height(scale);
  const int64_t column_px = cell_px + kGap;
  const int64_t row_px = line_px + cell_px + kGap;
  size_t num_cells = headings.size();
  for (const SheetRow& row : rows) {
    num_cells = std::max(num_cells, row.cells.size());
  }
  const auto num_cols = static_cast<int64_t>(num_cells);
  raster::Image sheet(
      3,
      kGap + line_px + static_cast<int64_t>(rows.size()) * row_px,
      kGap + num_cols * column_px,
      raster::PixelType::kUint8);
  std::fill(sheet.bytes().begin(), sheet.bytes().end(), std::byte{255});
  for (size_t c = 0; c < headings.size(); ++c) {
    draw_text(
        fitted_text(headings[c], scale, cell_px),
        kGap,
        kGap + static_cast<int64_t>(c) * column_px,
        scale,
        sheet);
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    const int64_t top = kGap + line_px + static_cast<int64_t>(r) * row_px;
    draw_text(
        fitted_text(rows[r].title, scale, sheet.width() - 2 * kGap),
        top,
        kGap,
        scale,
        sheet);
    for (size_t c = 0; c < rows[r].cells.size(); ++c) {
      const auto& cell = rows[r].cells[c];
      const int64_t left = kGap + static_cast<int64_t>(c) * column_px;
      paste(cell.picture, place_of(cell, top + line_px, left, cell_px), sheet);
    }
  }
  return sheet;
}

}  // namespace nadir::eval
