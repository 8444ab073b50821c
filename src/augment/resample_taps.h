// Where each pixel of a resized axis comes from: Pillow's antialiased bicubic
// filter (a = -0.5), which widens with the scale when an axis shrinks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/resample.h"

namespace nadir::augment {

// Taps of output pixels begin .. begin+size()-1 of an axis. Reusable: compute
// keeps its memory.
class ResampleTaps {
 public:
  // An axis of `in_size` pixels resized to `out_size`, of which `count`
  // outputs from `begin` are wanted.
  void compute(int64_t in_size, int64_t out_size, int64_t begin, int64_t count);

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(first_.size());
  }

  [[nodiscard]] int32_t first(int64_t i) const { return first_[idx(i)]; }

  [[nodiscard]] int32_t num_taps(int64_t i) const { return num_taps_[idx(i)]; }

  // Normalised weights of output i, num_taps(i) of them.
  [[nodiscard]] const double* weights(int64_t i) const {
    return weights_.data() + i * max_taps_;
  }

  // The same in fixed point; valid until the next compute().
  [[nodiscard]] kernels::RowTaps fixed() const;

 private:
  static size_t idx(int64_t i) { return static_cast<size_t>(i); }

  int64_t max_taps_ = 0;
  std::vector<int32_t> first_;
  std::vector<int32_t> num_taps_;
  std::vector<double> weights_;
  std::vector<int32_t> fixed_;
};

}  // namespace nadir::augment
