#include "kernels/sigmoid.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sigmoid_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> residual_of(
    D d, hn::Vec<D> logits, const float* truth, float factor) {
  const auto one = hn::Set(d, 1);
  const auto probability =
      hn::Div(one, hn::Add(one, exp_of(d, hn::Neg(logits))));
  return hn::Mul(hn::Set(d, factor), hn::Sub(hn::LoadU(d, truth), probability));
}

// Rows of a few classes end in part of a vector more often than not: the last
// vector then overlaps the one before.
void sigmoid_residual_all(
    float* logits, const float* truth, int64_t count, float factor) {
  const hn::ScalableTag<float> d;
  const auto last = count - static_cast<int64_t>(hn::Lanes(d));
  if (last < 0) {
    for_each_vector(count, [&](auto part, int64_t i) {
      const auto x = hn::LoadU(part, logits + i);
      hn::StoreU(residual_of(part, x, truth + i, factor), part, logits + i);
    });
    return;
  }
  const auto at_end =
      residual_of(d, hn::LoadU(d, logits + last), truth + last, factor);
  for (int64_t i = 0; i < last; i += static_cast<int64_t>(hn::Lanes(d))) {
    const auto x = hn::LoadU(d, logits + i);
    hn::StoreU(residual_of(d, x, truth + i, factor), d, logits + i);
  }
  hn::StoreU(at_end, d, logits + last);
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(sigmoid_residual_all);

void sigmoid_residual(
    float* logits, const float* truth, int64_t count, float factor) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(sigmoid_residual_all)(logits, truth, count, factor);
}

}  // namespace nadir::kernels
#endif
