// The nearest of many vectors to each of some others: those that float32 gives,
// found by looking at 16 bits first.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "search/fixed_point.h"
#include "search/neighbours.h"
#include "search/vectors.h"

namespace nadir::search {

class NearestOfMany {
 public:
  // `vectors`, of length 1 or 0, at least one and at most 2^31 - 1, are to
  // outlive it; half as many bytes again are its own. Their 16 bits are made on
  // `num_threads` threads (0: all).
  NearestOfMany(const Vectors& vectors, int num_threads);

  // Of each of `queries`, of length 1 or 0, the `count`, 1 .. size, of the
  // largest inner product, by kernels::dot(). On one thread, many may ask at
  // once; a few hundred queries at a time stay in its cache. `before_block` is
  // called often and may throw.
  [[nodiscard]] std::vector<Neighbours> find(
      const Vectors& queries,
      int64_t count,
      const std::function<void()>& before_block = {}) const;

 private:
  Vectors vectors_;
  FixedPointVectors fixed_;
  std::vector<int16_t> sample_;  // rows of fixed_, or none
};

}  // namespace nadir::search
