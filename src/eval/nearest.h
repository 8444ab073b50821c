// The nearest of many images to each of some others, by the inner product of
// their features: those that float32 gives, found by looking at 16 bits first.
// Shapes: N train images, M test images, D feature width.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/fixed_point.h"
#include "eval/neighbour.h"

namespace nadir::eval {

// Train images to be searched. Beside their features it holds half as many
// bytes again.
class NearestImages {
 public:
  // `train_ND` are float32 rows of length 1 or 0 on the CPU, contiguous, at
  // most 2^31 - 1; they are kept.
  explicit NearestImages(at::Tensor train_ND);

  // Of each row of `test_MD`, rows of the same kind, the nearest `k`, 1 .. N,
  // nearest first; of equal similarities, products of the rows in float32, the
  // lower index. On one thread, many may ask at once; a few hundred rows at a
  // time stay in its cache.
  // `before_block` is called often and may throw.
  [[nodiscard]] std::vector<std::vector<Neighbour>> find(
      const at::Tensor& test_MD,
      int64_t k,
      const std::function<void()>& before_block = {}) const;

 private:
  at::Tensor train_ND_;
  FixedPointRows fixed_;
  at::Tensor sample_;  // some rows of fixed_.values_ND, or none
};

}  // namespace nadir::eval
