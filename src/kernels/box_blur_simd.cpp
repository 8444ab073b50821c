#include "kernels/box_blur.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/box_blur_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/error.h"
#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load_row(D d, const uint8_t* row) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<uint8_t, D>(), row));
}

// Lanes(D) columns, one pass, in place: the rows still needed above the
// current one are kept in registers, so that they may be overwritten.
template <int kRadius, class D>
HWY_INLINE void blur_strip(
    D d,
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    const BoxWeights& weights) {
  using V = hn::Vec<D>;
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int32_t, D> di;
  const V whole = hn::Set(d, weights.whole);
  const V edge = hn::Set(d, weights.edge);
  const V half = hn::Set(d, 1U << 23);
  const auto row = [&](int64_t y) {
    return load_row(d, pixels + (y < height ? y : height - 1) * stride);
  };
  V above2 = row(0);  // y - 2, used by radius 1 only
  V above1 = above2;  // y - 1
  V here = above2;
  V below1 = row(1);
  for (int64_t y = 0; y < height; ++y) {
    V sum = here;
    V ends = hn::Add(above1, below1);
    const V below2 = row(y + 2);
    if constexpr (kRadius == 1) {
      sum = hn::Add(here, ends);
      ends = hn::Add(above2, below2);
    }
    const V weighted = hn::Add(hn::Mul(sum, whole), hn::Mul(ends, edge));
    const V out = hn::ShiftRight<24>(hn::Add(weighted, half));
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(di, out)), d8, pixels + y * stride);
    above2 = above1;
    above1 = here;
    here = below1;
    below1 = below2;
  }
}

template <class D>
HWY_INLINE void blur_passes(
    D d,
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    const BoxWeights& weights,
    int num_passes) {
  for (int pass = 0; pass < num_passes; ++pass) {
    if (weights.radius == 0) {
      blur_strip<0>(d, pixels, stride, height, weights);
    } else {
      blur_strip<1>(d, pixels, stride, height, weights);
    }
  }
}

void blur_all(
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    int64_t width,
    const BoxWeights& weights,
    int num_passes) {
  const hn::ScalableTag<uint32_t> d;
  const hn::CappedTag<uint32_t, 1> d1;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t x = 0;
  for (; x + lanes <= width; x += lanes) {
    blur_passes(d, pixels + x, stride, height, weights, num_passes);
  }
  for (; x < width; ++x) {
    blur_passes(d1, pixels + x, stride, height, weights, num_passes);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(blur_all);

void box_blur_columns(
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    int64_t width,
    const BoxWeights& weights,
    int num_passes) {
  NADIR_ASSERT(weights.radius == 0 || weights.radius == 1);
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(blur_all)
  (pixels, stride, height, width, weights, num_passes);
}

}  // namespace nadir::kernels
#endif
