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

// The same for the four taps of bicubic enlarging, whose weights stay in
// registers for the whole row.
template <class D>
HWY_INLINE int64_t resample_row_of_4(
    D d,
    const uint8_t* src,
    int64_t src_stride,
    const int32_t* weights,
    int64_t width,
    uint8_t* dst) {
  using V = hn::Vec<D>;
  const hn::Rebind<uint8_t, D> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const V half = hn::Set(d, 1 << (kResampleBits - 1));
  const V weight0 = hn::Set(d, weights[0]);
  const V weight1 = hn::Set(d, weights[1]);
  const V weight2 = hn::Set(d, weights[2]);
  const V weight3 = hn::Set(d, weights[3]);
  int64_t x = 0;
  for (; x + lanes <= width; x += lanes) {
    const auto tap = [&](int64_t t, V weight) {
      const auto bytes = hn::LoadU(d8, src + t * src_stride + x);
      return hn::Mul(hn::PromoteTo(d, bytes), weight);
    };
    const V sum01 = hn::Add(tap(0, weight0), tap(1, weight1));
    const V sum23 = hn::Add(tap(2, weight2), tap(3, weight3));
    const V sum = hn::Add(half, hn::Add(sum01, sum23));
    const auto out = hn::DemoteTo(d8, hn::ShiftRight<kResampleBits>(sum));
    hn::StoreU(out, d8, dst + x);
  }
  return x;
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
    if (num_taps == 4) {
      x = resample_row_of_4(d, from, src_stride, weights, width, to);
    }
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
