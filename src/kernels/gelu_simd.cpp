#include "kernels/gelu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gelu_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Behind foreach_target.h.
#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Phi(x), and exp(-x^2 / 2) by the way.
template <class D>
HWY_INLINE hn::Vec<D> normal_cdf(D d, hn::Vec<D> x, hn::Vec<D>& exponential) {
  const auto magnitude = hn::Abs(x);
  const auto t = hn::Div(
      hn::Set(d, 1.0F),
      hn::MulAdd(
          hn::Set(d, 0.3275911F * 0.70710678F), magnitude, hn::Set(d, 1.0F)));
  exponential = exp_of(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5F)));
  auto sum = hn::MulAdd(hn::Set(d, 1.061405429F), t, hn::Set(d, -1.453152027F));
  sum = hn::MulAdd(sum, t, hn::Set(d, 1.421413741F));
  sum = hn::MulAdd(sum, t, hn::Set(d, -0.284496736F));
  sum = hn::MulAdd(sum, t, hn::Set(d, 0.254829592F));
  // Half of erfc(|x| / sqrt 2): the smaller side, so that nothing cancels.
  const auto tail =
      hn::Mul(hn::Mul(hn::Mul(sum, t), exponential), hn::Set(d, 0.5F));
  return hn::IfThenElse(
      hn::Lt(x, hn::Zero(d)), tail, hn::Sub(hn::Set(d, 1.0F), tail));
}

template <class D>
HWY_INLINE void gelu_one(D d, const float* x, float* y) {
  const auto value = hn::LoadU(d, x);
  auto exponential = hn::Zero(d);
  hn::StoreU(hn::Mul(value, normal_cdf(d, value, exponential)), d, y);
}

template <class D>
HWY_INLINE void gelu_backward_one(D d, const float* x, float* y, float* grad) {
  constexpr float kDensity = 0.3989422804F;  // 1 / sqrt(2 pi)
  const auto value = hn::LoadU(d, x);
  auto exponential = hn::Zero(d);
  const auto cdf = normal_cdf(d, value, exponential);
  const auto slope =
      hn::MulAdd(hn::Mul(value, hn::Set(d, kDensity)), exponential, cdf);
  hn::StoreU(hn::Mul(value, cdf), d, y);
  hn::StoreU(hn::Mul(hn::LoadU(d, grad), slope), d, grad);
}

void gelu_all(const float* x, int64_t count, float* y) {
  for_each_vector(count, [&](auto d, int64_t i) { gelu_one(d, x + i, y + i); });
}

void gelu_backward_all(const float* x, int64_t count, float* y, float* grad) {
  for_each_vector(count, [&](auto d, int64_t i) {
    gelu_backward_one(d, x + i, y + i, grad + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(gelu_all);
HWY_EXPORT(gelu_backward_all);

void gelu(const float* x, int64_t count, float* y) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(gelu_all)(x, count, y);
}

void gelu_backward(const float* x, int64_t count, float* y, float* grad) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(gelu_backward_all)(x, count, y, grad);
}

}  // namespace nadir::kernels
#endif
