// Where windows lie on a scene, and which of them say what a cell of the map
// is. Closed forms; nothing here reads a pixel. docs/formats/map.md has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ceil_div.h"

namespace nadir::scene {

// What a cell takes of one window, along one axis.
struct Share {
  int64_t window = 0;
  int64_t part = 0;  // which of the window's parts the cell's centre lies in
  double weight = 0;
};

enum class Blend {
  kCosine,  // every window over the cell's centre, nearer ones more
  kNone     // the nearest window alone; the first of equally near ones
};

// "cosine" or "none"; throws Error{kInvalidArgument} for another text.
[[nodiscard]] Blend blend_from_text(const std::string& text);

// Windows and cells along the rows or the columns of a scene.
class Axis {
 public:
  // Windows begin at 0, stride, 2 stride, ... as far as they fit, and a last
  // one ends with the scene. Cell i is pixels i cell_px .. (i + 1) cell_px - 1,
  // the last one as far as the scene goes. Throws Error{kInvalidArgument}
  // unless 0 < stride <= window <= size and 0 < cell <= stride.
  Axis(int64_t size_px, int64_t window_px, int64_t stride_px, int64_t cell_px);

  [[nodiscard]] int64_t size_px() const { return size_px_; }

  [[nodiscard]] int64_t window_px() const { return window_px_; }

  [[nodiscard]] int64_t cell_px() const { return cell_px_; }

  [[nodiscard]] int64_t num_windows() const {
    return static_cast<int64_t>(starts_.size());
  }

  [[nodiscard]] int64_t start(int64_t window) const {
    return starts_[static_cast<size_t>(window)];
  }

  [[nodiscard]] int64_t num_cells() const {
    return ceil_div(size_px_, cell_px_);
  }

  [[nodiscard]] int64_t cell_begin(int64_t cell) const {
    return cell * cell_px_;
  }

  // One past the cell's last pixel.
  [[nodiscard]] int64_t cell_end(int64_t cell) const;

  // A window owns the cells that begin in it and in no later window: cells
  // first_own_cell(w) .. first_own_cell(w + 1) - 1. Every cell has one owner.
  [[nodiscard]] int64_t first_own_cell(int64_t window) const {
    return first_own_cells_[static_cast<size_t>(window)];
  }

  [[nodiscard]] int64_t most_own_cells() const;

  // The windows that a cell takes its value from, in order, of windows of
  // `num_parts` equal parts; never none. The weight of a window whose centre
  // is d pixels from the cell's is cos^2(pi d / window_px): 1 at the window's
  // centre, 0 at its edges.
  [[nodiscard]] std::vector<Share> shares(
      int64_t cell, int64_t num_parts, Blend blend) const;

 private:
  int64_t size_px_;
  int64_t window_px_;
  int64_t cell_px_;
  std::vector<int64_t> starts_;
  std::vector<int64_t> first_own_cells_;  // of every window, and the end
};

// Windows of a scene, numbered row by row.
struct WindowPlan {
  Axis rows;
  Axis cols;

  [[nodiscard]] int64_t num_windows() const {
    return rows.num_windows() * cols.num_windows();
  }

  [[nodiscard]] int64_t row_of(int64_t window) const {
    return window / cols.num_windows();
  }

  [[nodiscard]] int64_t col_of(int64_t window) const {
    return window % cols.num_windows();
  }

  // The place of a window's first own cell where the own cells of all windows
  // lie behind each other, each window's row by row. For num_windows(), the
  // number of all cells.
  [[nodiscard]] int64_t first_own_cell(int64_t window) const;
};

}  // namespace nadir::scene
