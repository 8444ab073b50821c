#include <bit>
#include <cstring>

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

template <class Number>
HWY_INLINE int64_t find_greater_of(
    const Number* values,
    const Number* bounds,
    int64_t count,
    int32_t* places) {
  int64_t found = 0;
  for_each_vector<Number>(count, [&](auto d, int64_t i) {
    const auto greater =
        hn::Gt(hn::LoadU(d, values + i), hn::LoadU(d, bounds + i));
    if (HWY_LIKELY(hn::AllFalse(d, greater))) {
      return;
    }
    uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, greater, bytes);
    uint64_t bits = 0;
    std::memcpy(&bits, bytes, sizeof(bits));
    for (; bits != 0; bits &= bits - 1) {
      places[found++] = static_cast<int32_t>(i) + std::countr_zero(bits);
    }
  });
  return found;
}

int64_t find_greater_floats(
    const float* values, const float* bounds, int64_t count, int32_t* places) {
  return find_greater_of(values, bounds, count, places);
}

int64_t find_greater_ints(
    const int32_t* values,
    const int32_t* bounds,
    int64_t count,
    int32_t* places) {
  return find_greater_of(values, bounds, count, places);
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(find_greater_floats);
HWY_EXPORT(find_greater_ints);

int64_t find_greater(
    const float* values, const float* bounds, int64_t count, int32_t* places) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(find_greater_floats)(
      values, bounds, count, places);
}

int64_t find_greater(
    const int32_t* values,
    const int32_t* bounds,
    int64_t count,
    int32_t* places) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(find_greater_ints)(values, bounds, count, places);
}

}  // namespace nadir::kernels
#endif
