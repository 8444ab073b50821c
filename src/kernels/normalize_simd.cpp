#include "kernels/normalize.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalize_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> normalized(
    D d, const uint8_t* src, float scale, float offset) {
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int32_t, D> di;
  const auto value = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d8, src)));
  return hn::Add(hn::Mul(value, hn::Set(d, scale)), hn::Set(d, offset));
}

void normalize_all(
    const uint8_t* src,
    int64_t height,
    int64_t width,
    bool flip_rows,
    bool flip_cols,
    float scale,
    float offset,
    float* dst) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> d1;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < height; ++r) {
    const uint8_t* row = src + (flip_rows ? height - 1 - r : r) * width;
    float* out = dst + r * width;
    int64_t c = 0;
    if (flip_cols) {
      for (; c + lanes <= width; c += lanes) {
        const auto value =
            normalized(d, row + width - c - lanes, scale, offset);
        hn::StoreU(hn::Reverse(d, value), d, out + c);
      }
      for (; c < width; ++c) {
        hn::StoreU(
            normalized(d1, row + width - 1 - c, scale, offset), d1, out + c);
      }
    } else {
      for (; c + lanes <= width; c += lanes) {
        hn::StoreU(normalized(d, row + c, scale, offset), d, out + c);
      }
      for (; c < width; ++c) {
        hn::StoreU(normalized(d1, row + c, scale, offset), d1, out + c);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(normalize_all);

void normalize(
    const uint8_t* src,
    int64_t height,
    int64_t width,
    bool flip_rows,
    bool flip_cols,
    float scale,
    float offset,
    float* dst) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(normalize_all)
  (src, height, width, flip_rows, flip_cols, scale, offset, dst);
}

}  // namespace nadir::kernels
#endif
