#include "kernels/greater.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/greater_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

int64_t find_greater_all(
    const float* values, const float* bounds, int64_t count, int32_t* places) {
  int64_t found = 0;
  for_each_vector(count, [&](auto d, int64_t i) {
    const auto greater =
        hn::Gt(hn::LoadU(d, values + i), hn::LoadU(d, bounds + i));
    if (HWY_LIKELY(hn::AllFalse(d, greater))) {
      return;
    }
    uint8_t bits[8] = {};
    hn::StoreMaskBits(d, greater, bits);
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int64_t lane = 0; lane < lanes; ++lane) {
      if ((bits[lane / 8] >> (lane % 8) & 1) != 0) {
        places[found++] = static_cast<int32_t>(i + lane);
      }
    }
  });
  return found;
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(find_greater_all);

int64_t find_greater(
    const float* values, const float* bounds, int64_t count, int32_t* places) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(find_greater_all)(values, bounds, count, places);
}

}  // namespace nadir::kernels
#endif
