#include "kernels/narrow_linear.h"

namespace nadir::kernels::reference {

void narrow_linear(const NarrowMap& map, float* out) {
  for (int64_t row = 0; row < map.m; ++row) {
    for (int64_t j = 0; j < map.n; ++j) {
      double sum = map.bias[j];
      for (int64_t i = 0; i < map.k; ++i) {
        sum += static_cast<double>(map.rows.stored_row(row)[i]) *
               map.weight[j * map.k + i];
      }
      out[row * map.n + j] = static_cast<float>(sum);
    }
  }
}

void narrow_descend(
    const NarrowDescent& descent, int64_t first, int64_t count) {
  const auto& d = descent;
  for (int64_t j = 0; j < d.n; ++j) {
    for (int64_t i = first; i < first + count; ++i) {
      float& step = d.steps[j * d.k + i];
      double sum = static_cast<double>(d.momentum) * step;
      for (int64_t row = 0; row < d.m; ++row) {
        sum += static_cast<double>(d.gradients[row * d.n + j]) *
               d.rows.stored_row(row)[i];
      }
      step = static_cast<float>(sum);
      d.weight[j * d.k + i] += step;
    }
  }
}

}  // namespace nadir::kernels::reference
