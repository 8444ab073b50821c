#include "kernels/dot.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float dot_all(const float* a, const float* b, int64_t count) {
  return sum_over_vectors(count, [&](auto d, int64_t i, auto sum) {
    return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  });
}

float squared_distance_all(const float* a, const float* b, int64_t count) {
  return sum_over_vectors(count, [&](auto d, int64_t i, auto sum) {
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
