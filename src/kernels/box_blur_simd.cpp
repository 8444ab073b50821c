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

// One pass over the rows of a strip, which come from above one by one; those
// still needed stay in registers.
template <int kRadius, class D>
struct BlurPass {
  using V = hn::Vec<D>;
  static constexpr int64_t kLag =
      kRadius + 1;  // rows that come before one goes

  // Takes row 0, which goes on beyond the border.
  HWY_INLINE void begin(V row) {
    above2 = row;
    above1 = row;
    here = row;
    below1 = row;
  }

  // Takes row y + kLag and returns row y of the result, for y >= 0.
  HWY_INLINE V next(D d, V row, V whole, V edge) {
    V sum = here;
    V ends;
    if constexpr (kRadius == 1) {
      sum = hn::Add(hn::Add(above1, here), below1);
      ends = hn::Add(above2, row);
      above2 = above1;
      above1 = here;
      here = below1;
      below1 = row;
    } else {
      ends = hn::Add(above1, row);
      above1 = here;
      here = row;
    }
    const V weighted = hn::Add(hn::Mul(sum, whole), hn::Mul(ends, edge));
    return hn::ShiftRight<24>(hn::Add(weighted, hn::Set(d, 1U << 23)));
  }

  V above2;  // y - 2; it and below1, y + 1, are used by radius 1 only
  V above1;
  V here;
  V below1;
};

// Lanes(D) columns in place: each pass takes what the one before it gives, and
// what lies between them never leaves the registers.
template <int kRadius, class D>
HWY_INLINE void blur_strip(
    D d,
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    const BoxWeights& weights) {
  static_assert(kBoxPasses == 3);
  using V = hn::Vec<D>;
  using Pass = BlurPass<kRadius, D>;
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int32_t, D> di;
  const V whole = hn::Set(d, weights.whole);
  const V edge = hn::Set(d, weights.edge);
  Pass first;
  Pass second;
  Pass third;
  V row = load_row(d, pixels);
  V row1 = row;  // of the first pass, the last one it gave
  V row2 = row;
  first.begin(row);
  second.begin(row);  // so that they hold something; they begin below
  third.begin(row);
  for (int64_t y = 1; y < height + kBoxPasses * Pass::kLag; ++y) {
    if (y < height) {
      row = load_row(d, pixels + y * stride);
    }
    const int64_t y1 = y - Pass::kLag;
    if (y1 < height) {
      row1 = first.next(d, row, whole, edge);
    }
    if (y1 == 0) {
      second.begin(row1);
    }
    const int64_t y2 = y1 - Pass::kLag;
    if (y1 > 0 && y2 < height) {
      row2 = second.next(d, row1, whole, edge);
    }
    if (y2 == 0) {
      third.begin(row2);
    }
    const int64_t y3 = y2 - Pass::kLag;
    if (y2 > 0) {
      const V out = third.next(d, row2, whole, edge);
      if (y3 >= 0) {
        const auto bytes = hn::DemoteTo(d8, hn::BitCast(di, out));
        hn::StoreU(bytes, d8, pixels + y3 * stride);
      }
    }
  }
}

template <class D>
HWY_INLINE void blur_columns(
    D d,
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    const BoxWeights& weights) {
  if (weights.radius == 0) {
    blur_strip<0>(d, pixels, stride, height, weights);
  } else {
    blur_strip<1>(d, pixels, stride, height, weights);
  }
}

void blur_all(
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    int64_t width,
    const BoxWeights& weights) {
  const hn::ScalableTag<uint32_t> d;
  const hn::CappedTag<uint32_t, 1> d1;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t x = 0;
  for (; x + lanes <= width; x += lanes) {
    blur_columns(d, pixels + x, stride, height, weights);
  }
  for (; x < width; ++x) {
    blur_columns(d1, pixels + x, stride, height, weights);
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
    const BoxWeights& weights) {
  NADIR_ASSERT(weights.radius == 0 || weights.radius == 1);
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(blur_all)
  (pixels, stride, height, width, weights);
}

}  // namespace nadir::kernels
#endif
