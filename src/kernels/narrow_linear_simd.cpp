#include <algorithm>

#include "kernels/narrow_linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/narrow_linear_simd.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using NarrowTag = hn::ScalableTag<float>;
constexpr int64_t kNarrowLanes = HWY_LANES(float);
constexpr bool kHas32Registers = kNarrowLanes == 16;

// Sums in registers, of rows times outputs, and of outputs times two vectors.
constexpr int64_t kDotRows = kHas32Registers ? 6 : 3;
constexpr int64_t kDotOutputs = kHas32Registers ? 4 : 3;
constexpr int64_t kWideOutputs = kHas32Registers ? 10 : 5;
constexpr int64_t kFewOutputs = 5;

// Inputs that are summed at a time: rows of a tile stay in the first level of
// cache while the weight passes by.
constexpr int64_t kBlockInputs = 768;

struct DotTile {
  const float* rows[kDotRows];
  const float* weights[kDotOutputs];
  float sums[kDotRows][kDotOutputs];
};

void sum_products(int64_t count, DotTile& tile) {
  const NarrowTag d;
  hn::Vec<NarrowTag> sums[kDotRows][kDotOutputs];
#pragma GCC unroll 6
  for (int64_t r = 0; r < kDotRows; ++r) {
#pragma GCC unroll 4
    for (int64_t j = 0; j < kDotOutputs; ++j) {
      sums[r][j] = hn::Zero(d);
    }
  }
  int64_t i = 0;
  for (; i + kNarrowLanes <= count; i += kNarrowLanes) {
    hn::Vec<NarrowTag> weights[kDotOutputs];
#pragma GCC unroll 4
    for (int64_t j = 0; j < kDotOutputs; ++j) {
      weights[j] = hn::LoadU(d, tile.weights[j] + i);
    }
#pragma GCC unroll 6
    for (int64_t r = 0; r < kDotRows; ++r) {
      const auto x = hn::LoadU(d, tile.rows[r] + i);
#pragma GCC unroll 4
      for (int64_t j = 0; j < kDotOutputs; ++j) {
        sums[r][j] = hn::MulAdd(x, weights[j], sums[r][j]);
      }
    }
  }
#pragma GCC unroll 6
  for (int64_t r = 0; r < kDotRows; ++r) {
#pragma GCC unroll 4
    for (int64_t j = 0; j < kDotOutputs; ++j) {
      tile.sums[r][j] = hn::GetLane(hn::SumOfLanes(d, sums[r][j]));
    }
  }
  for (; i < count; ++i) {
    for (int64_t r = 0; r < kDotRows; ++r) {
      for (int64_t j = 0; j < kDotOutputs; ++j) {
        tile.sums[r][j] += tile.rows[r][i] * tile.weights[j][i];
      }
    }
  }
}

// Tiles at an edge take the last row or output again; those sums are dropped.
void narrow_linear_all(const NarrowMap& map, float* out) {
  const int64_t m = map.m;
  const int64_t k = map.k;
  const int64_t n = map.n;
  DotTile tile;
  for (int64_t first = 0; first < k; first += kBlockInputs) {
    const int64_t count = std::min(kBlockInputs, k - first);
    for (int64_t row = 0; row < m; row += kDotRows) {
      for (int64_t r = 0; r < kDotRows; ++r) {
        tile.rows[r] = map.rows.stored_row(std::min(row + r, m - 1)) + first;
      }
      for (int64_t col = 0; col < n; col += kDotOutputs) {
        for (int64_t j = 0; j < kDotOutputs; ++j) {
          tile.weights[j] = map.weight + std::min(col + j, n - 1) * k + first;
        }
        sum_products(count, tile);
        for (int64_t r = 0; r < std::min(kDotRows, m - row); ++r) {
          for (int64_t j = 0; j < std::min(kDotOutputs, n - col); ++j) {
            float& value = out[(row + r) * n + col + j];
            value = (first == 0 ? map.bias[col + j] : value) + tile.sums[r][j];
          }
        }
      }
    }
  }
}

// Outputs `col` .. col + kOutputs - 1 of inputs `first` .. first + kVectors
// vectors - 1; those before `new_col` are done already, and left as they are.
template <int64_t kOutputs, int64_t kVectors>
void descend_tile(
    const NarrowDescent& descent, int64_t col, int64_t new_col, int64_t first) {
  const NarrowTag d;
  hn::Vec<NarrowTag> sums[kOutputs][kVectors];
#pragma GCC unroll 10
  for (int64_t j = 0; j < kOutputs; ++j) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      sums[j][v] = hn::Zero(d);
    }
  }
  const int64_t n = descent.n;
  const MatrixView& rows = descent.rows;
  const int64_t* const next = rows.picked_next;
  // A line for each tile of the same inputs.
  const int64_t next_input = first + (new_col == 0 ? 0 : kNarrowLanes);
  const float* gradients = descent.gradients + col;
  for (int64_t row = 0; row < descent.m; ++row) {
    const float* const inputs = rows.stored_row(row) + first;
    if (next != nullptr) {
      hwy::Prefetch(rows.data + next[row] * rows.stride + next_input);
    }
    const auto left = hn::LoadU(d, inputs);
    const auto right = hn::LoadU(d, inputs + (kVectors - 1) * kNarrowLanes);
#pragma GCC unroll 10
    for (int64_t j = 0; j < kOutputs; ++j) {
      const auto gradient = hn::Set(d, gradients[j]);
      sums[j][0] = hn::MulAdd(gradient, left, sums[j][0]);
      if constexpr (kVectors == 2) {
        sums[j][1] = hn::MulAdd(gradient, right, sums[j][1]);
      }
    }
    gradients += n;
  }
  const auto momentum = hn::Set(d, descent.momentum);
#pragma GCC unroll 10
  for (int64_t j = 0; j < kOutputs; ++j) {
    if (col + j < new_col) {
      continue;
    }
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      const int64_t at = (col + j) * descent.k + first + v * kNarrowLanes;
      const auto step =
          hn::MulAdd(momentum, hn::LoadU(d, descent.steps + at), sums[j][v]);
      hn::StoreU(step, d, descent.steps + at);
      const auto weight = hn::LoadU(d, descent.weight + at);
      hn::StoreU(hn::Add(weight, step), d, descent.weight + at);
    }
  }
}

// All outputs in tiles of kOutputs, of which there are as many at least; the
// last tile may take some again.
template <int64_t kOutputs, int64_t kVectors>
void descend_outputs(const NarrowDescent& descent, int64_t first) {
  for (int64_t col = 0; col < descent.n; col += kOutputs) {
    descend_tile<kOutputs, kVectors>(
        descent, std::min(col, descent.n - kOutputs), col, first);
  }
}

template <int64_t kVectors>
void descend_vectors(const NarrowDescent& descent, int64_t first) {
  if (descent.n >= kWideOutputs) {
    descend_outputs<kWideOutputs, kVectors>(descent, first);
  } else if (descent.n >= kFewOutputs) {
    descend_outputs<kFewOutputs, kVectors>(descent, first);
  } else {
    descend_outputs<1, kVectors>(descent, first);
  }
}

void narrow_descend_all(
    const NarrowDescent& descent, int64_t first, int64_t count) {
  const int64_t end = first + count;
  for (; first + 2 * kNarrowLanes <= end; first += 2 * kNarrowLanes) {
    descend_vectors<2>(descent, first);
  }
  if (first + kNarrowLanes <= end) {
    descend_vectors<1>(descent, first);
    first += kNarrowLanes;
  }
  for (int64_t j = 0; j < descent.n; ++j) {
    for (int64_t i = first; i < end; ++i) {
      float& step = descent.steps[j * descent.k + i];
      step *= descent.momentum;
      for (int64_t row = 0; row < descent.m; ++row) {
        step += descent.gradients[row * descent.n + j] *
                descent.rows.stored_row(row)[i];
      }
      descent.weight[j * descent.k + i] += step;
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(narrow_linear_all);
HWY_EXPORT(narrow_descend_all);

void narrow_linear(const NarrowMap& map, float* out) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(narrow_linear_all)(map, out);
}

void narrow_descend(
    const NarrowDescent& descent, int64_t first, int64_t count) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(narrow_descend_all)(descent, first, count);
}

}  // namespace nadir::kernels
#endif
