// From windows that overlap to the cells of a map, a row of cells at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "scene/window_plan.h"

namespace nadir::scene {

// Values of one row of windows.
struct WindowRow {
  std::vector<float> values;       // [windows, values, parts, parts]
  std::vector<uint8_t> is_given;   // one a window
  std::vector<uint8_t> own_cells;  // [rows of own cells, cells]; 0: no data
};

struct BlendSource {
  int64_t num_values = 1;
  int64_t num_parts = 1;
  // Asked once for each row of windows, in order.
  std::function<WindowRow(int64_t window_row)> read_row;
};

// A row of cells, [values, cells]; NaN where there is nothing to say.
using WriteCells =
    std::function<void(int64_t row, std::span<const float> values)>;

// Each cell is the mean of the windows that it takes values from
// (Axis::shares()), weighted by the product of their weights along rows and
// columns and divided by the sum of those weights; windows that are not given
// count for nothing. A cell that has no such window, or no data, is NaN. Where
// one window alone says what a cell is, its value is kept to the bit. Holds
// the rows of windows that overlap one row of cells. Returns the number of
// cells that have values.
int64_t blend_windows(
    const WindowPlan& plan,
    Blend blend,
    const BlendSource& source,
    const WriteCells& write);

}  // namespace nadir::scene
