#include <cmath>

#include "kernels/layer_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/layer_norm_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Behind foreach_target.h.
#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<float>;
using One = hn::CappedTag<float, 1>;

// A sum in one vector, and one for the values at the end.
struct Sum {
  // Written out: GCC builds an implicit one for no level.
  Sum() : wide(hn::Zero(Wide())), rest(hn::Zero(One())) {}

  template <class D>
  HWY_INLINE void add(D /*tag*/, hn::Vec<D> value) {
    if constexpr (hn::MaxLanes(D()) == hn::MaxLanes(Wide())) {
      wide = hn::Add(wide, value);
    } else {
      rest = hn::Add(rest, value);
    }
  }

  [[nodiscard]] float total() const {
    return hn::GetLane(hn::SumOfLanes(Wide(), wide)) + hn::GetLane(rest);
  }

  hn::Vec<Wide> wide;
  hn::Vec<One> rest;
};

struct Moments {
  float mean;
  float rstd;
};

// In two passes: squares less the mean's square would lose digits.
HWY_INLINE Moments moments_of(const float* x, int64_t dim, float eps) {
  Sum sum;
  for_each_vector(
      dim, [&](auto d, int64_t i) { sum.add(d, hn::LoadU(d, x + i)); });
  const float mean = sum.total() / static_cast<float>(dim);
  Sum squares;
  for_each_vector(dim, [&](auto d, int64_t i) {
    const auto centred = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
    squares.add(d, hn::Mul(centred, centred));
  });
  const float variance = squares.total() / static_cast<float>(dim);
  // Where squares overflow, 0 would pass for a result.
  const float rstd =
      std::isfinite(variance) ? 1 / std::sqrt(variance + eps) : std::nanf("");
  return {mean, rstd};
}

void layer_norm_all(
    const float* x,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    const float* bias,
    float eps,
    float* y) {
  for (int64_t row = 0; row < num_rows; ++row) {
    const float* const in = x + row * dim;
    float* const out = y + row * dim;
    const Moments moments = moments_of(in, dim, eps);
    for_each_vector(dim, [&](auto d, int64_t i) {
      const auto normalized = hn::Mul(
          hn::Sub(hn::LoadU(d, in + i), hn::Set(d, moments.mean)),
          hn::Set(d, moments.rstd));
      hn::StoreU(
          hn::MulAdd(
              normalized, hn::LoadU(d, weight + i), hn::LoadU(d, bias + i)),
          d,
          out + i);
    });
  }
}

void layer_norm_backward_all(
    const float* x,
    const float* grad_y,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    float eps,
    float* grad_x,
    float* grad_weight,
    float* grad_bias) {
  for (int64_t row = 0; row < num_rows; ++row) {
    const float* const in = x + row * dim;
    const float* const grad = grad_y + row * dim;
    float* const out = grad_x + row * dim;
    const Moments moments = moments_of(in, dim, eps);
    const auto normalized = [&](auto d, int64_t i) {
      return hn::Mul(
          hn::Sub(hn::LoadU(d, in + i), hn::Set(d, moments.mean)),
          hn::Set(d, moments.rstd));
    };
    Sum sum;
    Sum dot;
    for_each_vector(dim, [&](auto d, int64_t i) {
      const auto value = normalized(d, i);
      const auto gradient = hn::LoadU(d, grad + i);
      const auto weighted = hn::Mul(gradient, hn::LoadU(d, weight + i));
      sum.add(d, weighted);
      dot.add(d, hn::Mul(weighted, value));
      hn::StoreU(
          hn::MulAdd(gradient, value, hn::LoadU(d, grad_weight + i)),
          d,
          grad_weight + i);
      hn::StoreU(
          hn::Add(gradient, hn::LoadU(d, grad_bias + i)), d, grad_bias + i);
    });
    const float mean_grad = sum.total() / static_cast<float>(dim);
    const float mean_dot = dot.total() / static_cast<float>(dim);
    for_each_vector(dim, [&](auto d, int64_t i) {
      const auto weighted =
          hn::Mul(hn::LoadU(d, grad + i), hn::LoadU(d, weight + i));
      const auto inner = hn::NegMulAdd(
          normalized(d, i),
          hn::Set(d, mean_dot),
          hn::Sub(weighted, hn::Set(d, mean_grad)));
      hn::StoreU(
          hn::MulAdd(hn::Set(d, moments.rstd), inner, hn::LoadU(d, out + i)),
          d,
          out + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(layer_norm_all);
HWY_EXPORT(layer_norm_backward_all);

void layer_norm(
    const float* x,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    const float* bias,
    float eps,
    float* y) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(layer_norm_all)
  (x, num_rows, dim, weight, bias, eps, y);
}

void layer_norm_backward(
    const float* x,
    const float* grad_y,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    float eps,
    float* grad_x,
    float* grad_weight,
    float* grad_bias) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(layer_norm_backward_all)
  (x, grad_y, num_rows, dim, weight, eps, grad_x, grad_weight, grad_bias);
}

}  // namespace nadir::kernels
#endif
