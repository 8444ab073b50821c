#include <algorithm>
#include <cmath>

#include "kernels/softmax.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Behind foreach_target.h.
#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;

// Vectors of a row, and how many values are left for its end.
struct Split {
  explicit Split(int64_t count)
      : lanes(static_cast<int64_t>(hn::Lanes(Tag()))),
        end(count / lanes * lanes) {}

  int64_t lanes;
  int64_t end;
};

float largest(const float* row, int64_t count) {
  const Tag d;
  const Split split(count);
  float top = row[0];
  if (split.end > 0) {
    auto vector = hn::LoadU(d, row);
    for (int64_t i = split.lanes; i < split.end; i += split.lanes) {
      vector = hn::Max(vector, hn::LoadU(d, row + i));
    }
    top = hn::GetLane(hn::MaxOfLanes(d, vector));
  }
  for (int64_t i = split.end; i < count; ++i) {
    top = std::max(top, row[i]);
  }
  return top;
}

// row = exp(scale * row - shift); returns the sum.
float exponentials(float* row, int64_t count, float scale, float shift) {
  const Tag d;
  const hn::CappedTag<float, 1> d1;
  const Split split(count);
  const auto one = [&](auto tag, int64_t i) {
    const auto value = exp_of(
        tag,
        hn::Sub(
            hn::Mul(hn::LoadU(tag, row + i), hn::Set(tag, scale)),
            hn::Set(tag, shift)));
    hn::StoreU(value, tag, row + i);
    return value;
  };
  auto sums = hn::Zero(d);
  for (int64_t i = 0; i < split.end; i += split.lanes) {
    sums = hn::Add(sums, one(d, i));
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (int64_t i = split.end; i < count; ++i) {
    sum += hn::GetLane(one(d1, i));
  }
  return sum;
}

void softmax_all(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    float* log_sums) {
  for (int64_t r = 0; r < num_rows; ++r) {
    float* const row = rows + r * stride;
    const float top = scale * largest(row, num_cols);
    const float sum = exponentials(row, num_cols, scale, top);
    const float factor = 1 / sum;
    for_each_vector(num_cols, [&](auto d, int64_t i) {
      hn::StoreU(
          hn::Mul(hn::LoadU(d, row + i), hn::Set(d, factor)), d, row + i);
    });
    log_sums[r] = top + std::log(sum);
  }
}

void softmax_again_all(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* log_sums) {
  for (int64_t r = 0; r < num_rows; ++r) {
    exponentials(rows + r * stride, num_cols, scale, log_sums[r]);
  }
}

void softmax_backward_all(
    const float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* dots,
    float* grads) {
  for (int64_t r = 0; r < num_rows; ++r) {
    const float* const row = rows + r * stride;
    float* const grad = grads + r * stride;
    for_each_vector(num_cols, [&](auto d, int64_t i) {
      const auto centred = hn::Sub(hn::LoadU(d, grad + i), hn::Set(d, dots[r]));
      const auto scaled = hn::Mul(hn::LoadU(d, row + i), hn::Set(d, scale));
      hn::StoreU(hn::Mul(scaled, centred), d, grad + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(softmax_all);
HWY_EXPORT(softmax_again_all);
HWY_EXPORT(softmax_backward_all);

void softmax(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    float* log_sums) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(softmax_all)
  (rows, num_rows, num_cols, stride, scale, log_sums);
}

void softmax_again(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* log_sums) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(softmax_again_all)
  (rows, num_rows, num_cols, stride, scale, log_sums);
}

void softmax_backward(
    const float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* dots,
    float* grads) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(softmax_backward_all)
  (rows, num_rows, num_cols, stride, scale, dots, grads);
}

}  // namespace nadir::kernels
#endif
