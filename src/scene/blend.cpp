#include "scene/blend.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/error.h"
#include "core/parallel.h"

namespace nadir::scene {
namespace {

constexpr int64_t kCellsAThread = 256;

class CellBlender {
 public:
  CellBlender(const WindowPlan& plan, Blend blend, const BlendSource& source)
      : plan_(plan), blend_(blend), source_(source) {
    for (int64_t col = 0; col < plan.cols.num_cells(); ++col) {
      col_shares_.push_back(plan.cols.shares(col, source.num_parts, blend));
    }
  }

  // One row of cells to `out`, [values, cells]; returns how many have values.
  int64_t blend_row(int64_t row, std::span<float> out) {
    const auto row_shares = plan_.rows.shares(row, source_.num_parts, blend_);
    keep_rows(row, row_shares);
    const auto has_data = data_of(row);
    const int64_t num_cells = plan_.cols.num_cells();
    std::vector<uint8_t> has_value(static_cast<size_t>(num_cells));
    parallel_for(num_cells, kCellsAThread, 0, [&](int64_t begin, int64_t end) {
      std::vector<double> sums(static_cast<size_t>(source_.num_values));
      for (int64_t col = begin; col < end; ++col) {
        const bool is_said =
            has_data[col] != 0 && sum_windows(row_shares, col, sums);
        has_value[col] = static_cast<uint8_t>(is_said);
        for (int64_t k = 0; k < source_.num_values; ++k) {
          out[k * num_cells + col] =
              is_said ? static_cast<float>(sums[k])
                      : std::numeric_limits<float>::quiet_NaN();
        }
      }
    });
    int64_t count = 0;
    for (const uint8_t one : has_value) {
      count += one;
    }
    return count;
  }

 private:
  // The row of windows that owns a row of cells.
  [[nodiscard]] int64_t owner_of(int64_t row) {
    while (plan_.rows.first_own_cell(owner_ + 1) <= row) {
      ++owner_;
    }
    return owner_;
  }

  void keep_rows(int64_t row, const std::vector<Share>& shares) {
    const int64_t last = std::max(shares.back().window, owner_of(row));
    for (; num_read_ <= last; ++num_read_) {
      rows_.emplace(num_read_, source_.read_row(num_read_));
    }
    const int64_t first = std::min(shares.front().window, owner_of(row));
    rows_.erase(rows_.begin(), rows_.lower_bound(first));
  }

  // Which cells of the row have data.
  [[nodiscard]] std::span<const uint8_t> data_of(int64_t row) {
    const int64_t owner = owner_of(row);
    const int64_t place = row - plan_.rows.first_own_cell(owner);
    const auto across = static_cast<size_t>(plan_.cols.num_cells());
    return std::span(rows_.at(owner).own_cells)
        .subspan(static_cast<size_t>(place) * across, across);
  }

  // The weighted mean of the windows at a cell; false where there is none.
  bool sum_windows(
      const std::vector<Share>& row_shares,
      int64_t col,
      std::vector<double>& sums) const {
    std::fill(sums.begin(), sums.end(), 0.0);
    const int64_t parts = source_.num_parts;
    double total = 0;
    for (const auto& down : row_shares) {
      const auto& windows = rows_.find(down.window)->second;
      for (const auto& across : col_shares_[col]) {
        if (windows.is_given[across.window] == 0) {
          continue;
        }
        const double weight = down.weight * across.weight;
        const float* values =
            windows.values.data() +
            across.window * source_.num_values * parts * parts +
            down.part * parts + across.part;
        total += weight;
        for (size_t k = 0; k < sums.size(); ++k) {
          sums[k] += weight * static_cast<double>(values[k * parts * parts]);
        }
      }
    }
    if (total <= 0) {
      return false;
    }
    for (double& sum : sums) {
      sum /= total;
    }
    return true;
  }

  const WindowPlan& plan_;
  Blend blend_;
  const BlendSource& source_;
  std::vector<std::vector<Share>> col_shares_;  // of every column of cells
  std::map<int64_t, WindowRow> rows_;           // of windows, those in sight
  int64_t num_read_ = 0;
  int64_t owner_ = 0;
};

}  // namespace

int64_t blend_windows(
    const WindowPlan& plan,
    Blend blend,
    const BlendSource& source,
    const WriteCells& write) {
  CellBlender blender(plan, blend, source);
  std::vector<float> values(
      static_cast<size_t>(source.num_values * plan.cols.num_cells()));
  int64_t count = 0;
  for (int64_t row = 0; row < plan.rows.num_cells(); ++row) {
    count += blender.blend_row(row, values);
    write(row, values);
  }
  return count;
}

}  // namespace nadir::scene
