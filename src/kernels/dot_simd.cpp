#include "kernels/dot.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A sum over all places: add(tag, i, sum) adds what a vector at i comes to.
// Four sums at a time: one would wait for itself.
template <class Add>
HWY_INLINE float sum_all(int64_t count, Add&& add) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  auto sum2 = hn::Zero(d);
  auto sum3 = hn::Zero(d);
  int64_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    sum0 = add(d, i, sum0);
    sum1 = add(d, i + lanes, sum1);
    sum2 = add(d, i + 2 * lanes, sum2);
    sum3 = add(d, i + 3 * lanes, sum3);
  }
  for (; i + lanes <= count; i += lanes) {
    sum0 = add(d, i, sum0);
  }
  const auto sums = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
  const hn::CappedTag<float, 1> one;
  auto sum = hn::Set(one, hn::GetLane(hn::SumOfLanes(d, sums)));
  for (; i < count; ++i) {
    sum = add(one, i, sum);
  }
  return hn::GetLane(sum);
}

float dot_all(const float* a, const float* b, int64_t count) {
  return sum_all(count, [&](auto d, int64_t i, auto sum) {
    return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  });
}

float squared_distance_all(const float* a, const float* b, int64_t count) {
  return sum_all(count, [&](auto d, int64_t i, auto sum) {
    const auto difference = hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    return hn::MulAdd(difference, difference, sum);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(dot_all);
HWY_EXPORT(squared_distance_all);

float dot(const float* a, const float* b, int64_t count) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(dot_all)(a, b, count);
}

float squared_distance(const float* a, const float* b, int64_t count) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(squared_distance_all)(a, b, count);
}

}  // namespace nadir::kernels
#endif
