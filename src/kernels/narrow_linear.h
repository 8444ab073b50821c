// Linear maps with a few outputs on one thread, as a probe of some classes is,
// and their descent. Vectors run along the inputs; in gemm.h they run along the
// outputs, of which a few leave a part of a vector empty.
//
// Shapes: M rows, K inputs, N outputs. The weight is [N, K] in contiguous rows;
// rows of inputs are read where they lie. Levels differ by rounding.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace nadir::kernels {

// `rows` is not transposed.
struct NarrowMap {
  MatrixView rows;
  int64_t m;
  int64_t k;
  int64_t n;
  const float* weight;
  const float* bias;
};

// out [M, N] = rows weight^T + bias.
void narrow_linear(const NarrowMap& map, float* out);

// Gradient descent with momentum, of the inputs `first` .. first + count - 1:
// steps = momentum * steps + gradients^T rows; weight += steps. `gradients` is
// [M, N], `steps` and `weight` are [N, K]. Lines of `rows.picked_next` are
// asked for meanwhile.
struct NarrowDescent {
  MatrixView rows;
  const float* gradients;
  int64_t m;
  int64_t k;
  int64_t n;
  float momentum;
  float* steps;
  float* weight;
};

void narrow_descend(const NarrowDescent& descent, int64_t first, int64_t count);

namespace reference {
// The same, summed in float64.
void narrow_linear(const NarrowMap& map, float* out);
void narrow_descend(const NarrowDescent& descent, int64_t first, int64_t count);
}  // namespace reference

}  // namespace nadir::kernels
