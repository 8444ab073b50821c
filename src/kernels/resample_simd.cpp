#include "kernels/resample.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resample_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lanes(D) columns of one output row.
template <class D>
HWY_INLINE void resample_strip(
    D d,
    const uint8_t* src,
    int64_t src_stride,
    const int32_t* weights,
    int32_t num_taps,
    uint8_t* dst) {
  const hn::Rebind<uint8_t, D> d8;
  auto sum = hn::Set(d, 1 << (kResampleBits - 1));
  for (int32_t t = 0; t < num_taps; ++t) {
    const auto pixels = hn::PromoteTo(d, hn::LoadU(d8, src + t * src_stride));
    sum = hn::Add(sum, hn::Mul(pixels, hn::Set(d, weights[t])));
  }
  hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<kResampleBits>(sum)), d8, dst);
}

void resample_all(
    const uint8_t* src,
    int64_t src_stride,
    const RowTaps& taps,
    int64_t width,
    uint8_t* dst,
    int64_t dst_stride) {
  const hn::ScalableTag<int32_t> d;
  const hn::CappedTag<int32_t, 1> d1;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t y = 0; y < taps.num_rows; ++y) {
    const int32_t* weights = taps.weights + y * taps.max_taps;
    const int32_t num_taps = taps.num_taps[y];
    const uint8_t* from = src + taps.first[y] * src_stride;
    uint8_t* to = dst + y * dst_stride;
    int64_t x = 0;
    for (; x + lanes <= width; x += lanes) {
      resample_strip(d, from + x, src_stride, weights, num_taps, to + x);
    }
    for (; x < width; ++x) {
      resample_strip(d1, from + x, src_stride, weights, num_taps, to + x);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(resample_all);

void resample_rows(
    const uint8_t* src,
    int64_t src_stride,
    const RowTaps& taps,
    int64_t width,
    uint8_t* dst,
    int64_t dst_stride) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(resample_all)
  (src, src_stride, taps, width, dst, dst_stride);
}

}  // namespace nadir::kernels
#endif
