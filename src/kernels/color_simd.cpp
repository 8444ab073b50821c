// Lanes are 32 bits wide: the float32 and fixed-point steps need them.
#include <cstring>

#include "kernels/color.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/color_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class DI>
HWY_INLINE hn::Vec<DI> load(DI di, const uint8_t* p) {
  return hn::PromoteTo(di, hn::LoadU(hn::Rebind<uint8_t, DI>(), p));
}

// ConvertTo for values that fit: without the four instructions that Highway
// adds on x86 for values that do not.
template <class DI, class VF>
HWY_INLINE hn::Vec<DI> to_int(DI di, VF value) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  (void)di;
  if constexpr (sizeof(value.raw) == 16) {
    return hn::Vec<DI>{_mm_cvttps_epi32(value.raw)};
  } else if constexpr (sizeof(value.raw) == 32) {
    return hn::Vec<DI>{_mm256_cvttps_epi32(value.raw)};
  } else {
    return hn::Vec<DI>{_mm512_cvttps_epi32(value.raw)};
  }
#else
  return hn::ConvertTo(di, value);
#endif
}

template <class DI>
HWY_INLINE void store(DI, hn::Vec<DI> value, uint8_t* p) {
  const hn::Rebind<uint8_t, DI> d8;
  hn::StoreU(hn::DemoteTo(d8, value), d8, p);  // clips to [0, 255]
}

template <class DI>
HWY_INLINE hn::Vec<DI> gray_of(
    DI di, hn::Vec<DI> r, hn::Vec<DI> g, hn::Vec<DI> b) {
  const auto red = hn::Mul(r, hn::Set(di, 19595));
  const auto green = hn::Mul(g, hn::Set(di, 38470));
  const auto blue = hn::Mul(b, hn::Set(di, 7471));
  const auto sum =
      hn::Add(hn::Add(red, green), hn::Add(blue, hn::Set(di, 1 << 15)));
  return hn::ShiftRight<16>(sum);
}

// Truncation before clipping gives the same as after it.
template <class DI, class VF>
HWY_INLINE hn::Vec<DI> blend(DI di, VF base, hn::Vec<DI> p, VF factor) {
  const hn::Rebind<float, DI> df;
  const auto from_base = hn::Sub(hn::ConvertTo(df, p), base);
  return to_int(di, hn::Add(base, hn::Mul(factor, from_base)));
}

// Calls step(di, i) for pixels i .. i + Lanes(di) - 1 until n are done.
template <class Step>
HWY_INLINE void for_pixels(int64_t n, const Step& step) {
  const hn::ScalableTag<int32_t> di;
  const hn::CappedTag<int32_t, 1> d1;
  const auto lanes = static_cast<int64_t>(hn::Lanes(di));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    step(di, i);
  }
  for (; i < n; ++i) {
    step(d1, i);
  }
}

struct BlendConstant {
  uint8_t* p;
  float base;
  float factor;

  template <class DI>
  HWY_INLINE void operator()(DI di, int64_t i) const {
    const hn::Rebind<float, DI> df;
    const auto old = load(di, p + i);
    store(di, blend(di, hn::Set(df, base), old, hn::Set(df, factor)), p + i);
  }
};

struct BlendGray {
  uint8_t* r;
  uint8_t* g;
  uint8_t* b;
  float factor;

  template <class DI>
  HWY_INLINE void operator()(DI di, int64_t i) const {
    const hn::Rebind<float, DI> df;
    const auto f = hn::Set(df, factor);
    const auto red = load(di, r + i);
    const auto green = load(di, g + i);
    const auto blue = load(di, b + i);
    const auto gray = hn::ConvertTo(df, gray_of(di, red, green, blue));
    store(di, blend(di, gray, red, f), r + i);
    store(di, blend(di, gray, green, f), g + i);
    store(di, blend(di, gray, blue, f), b + i);
  }
};

struct ToGray {
  uint8_t* r;
  uint8_t* g;
  uint8_t* b;

  template <class DI>
  HWY_INLINE void operator()(DI di, int64_t i) const {
    const auto gray =
        gray_of(di, load(di, r + i), load(di, g + i), load(di, b + i));
    store(di, gray, r + i);
    store(di, gray, g + i);
    store(di, gray, b + i);
  }
};

// Hue of Pillow's HSV, 0 .. 255, from (base - mid) / 6, where base is a whole
// number: one rounding, as in Pillow's float64.
template <class DF>
HWY_INLINE hn::Vec<DF> hue_of(DF df, hn::Vec<DF> base, hn::Vec<DF> mid) {
  const auto zero = hn::Zero(df);
  const auto sixth = hn::Div(hn::Sub(base, mid), hn::Set(df, 6.0F));
  const auto wrapped = hn::IfThenElse(
      hn::Lt(sixth, zero), hn::Add(sixth, hn::Set(df, 1.0F)), sixth);
  // floor(255 * wrapped) without the product's rounding: 256 w - n is exact,
  // so the sign of (256 w - n) - w is right.
  const auto n = hn::Trunc(hn::Mul(wrapped, hn::Set(df, 255.0F)));
  const auto rest =
      hn::Sub(hn::Sub(hn::Mul(wrapped, hn::Set(df, 256.0F)), n), wrapped);
  return hn::IfThenElse(hn::Lt(rest, zero), hn::Sub(n, hn::Set(df, 1.0F)), n);
}

// Pixels whose hue is turned in one go: float lanes leave hue and saturation as
// bytes, 16-bit lanes go on from there. In one loop the chain of dependent
// steps would be too long for a processor to look beyond it.
constexpr int64_t kHueBlock = 256;

// Hue, turned by `shift`, and saturation of Pillow's HSV.
template <class DI>
HWY_INLINE void hue_and_saturation(
    DI di,
    const uint8_t* r,
    const uint8_t* g,
    const uint8_t* b,
    uint8_t shift,
    uint8_t* hue_out,
    uint8_t* saturation_out) {
  const hn::Rebind<float, DI> df;
  using F = hn::Vec<decltype(df)>;
  const F one = hn::Set(df, 1.0F);
  const F red = hn::ConvertTo(df, load(di, r));
  const F green = hn::ConvertTo(df, load(di, g));
  const F blue = hn::ConvertTo(df, load(di, b));
  const F high = hn::Max(red, hn::Max(green, blue));
  const F low = hn::Min(red, hn::Min(green, blue));
  const F range = hn::Sub(high, low);

  // The hue before division by 6 is 0, 2 or 4, by which channel is highest
  // (ties: red, then green), plus the signed difference of the other two
  // over the range. With mid = 1 - |difference| / range, the middle
  // channel's share as Pillow divides it, that is (0, 2 or 4) +- 1 -+ mid.
  const auto red_high = hn::Eq(red, high);
  const auto green_high = hn::Eq(green, high);
  const F difference = hn::IfThenElse(
      red_high,
      hn::Sub(green, blue),
      hn::IfThenElse(green_high, hn::Sub(blue, red), hn::Sub(red, green)));
  const F corner = hn::IfThenElseZero(
      hn::Not(red_high),
      hn::IfThenElse(green_high, hn::Set(df, 2.0F), hn::Set(df, 4.0F)));
  const F mid =
      hn::Div(hn::Sub(range, hn::Abs(difference)), hn::Max(range, one));
  const F hue = hue_of(
      df,
      hn::Add(corner, hn::CopySign(one, difference)),
      hn::CopySign(mid, difference));
  const auto turned =
      hn::And(hn::Add(to_int(di, hue), hn::Set(di, shift)), hn::Set(di, 255));
  store(di, turned, hue_out);

  // trunc(255 range / high): no quotient is nearer to the next integer than
  // 1/255, far above the division's error.
  store(
      di,
      to_int(
          di, hn::Div(hn::Mul(range, hn::Set(df, 255.0F)), hn::Max(high, one))),
      saturation_out);
}

// floor(x / 255) for x < 65,535.
template <class D>
HWY_INLINE hn::Vec<D> div_255(D d, hn::Vec<D> x) {
  const auto sum = hn::Add(hn::Add(x, hn::Set(d, 1)), hn::ShiftRight<8>(x));
  return hn::ShiftRight<8>(sum);
}

template <class V, class M>
HWY_INLINE V pick(V high, V between, V low, M is_high, M is_between) {
  return hn::IfThenElse(
      is_high, high, hn::IfThenElse(is_between, between, low));
}

// Red, green and blue of (hue, saturation, highest of r, g and b), in place.
template <class D>
HWY_INLINE void rgb_of_hsv(
    D d,
    const uint8_t* hue,
    const uint8_t* saturation,
    uint8_t* r,
    uint8_t* g,
    uint8_t* b) {
  using V = hn::Vec<D>;
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int16_t, D> di;
  const auto load_wide = [&](const uint8_t* p) {
    return hn::PromoteTo(d, hn::LoadU(d8, p));
  };
  const V full = hn::Set(d, 255);
  const V high = hn::Max(load_wide(r), hn::Max(load_wide(g), load_wide(b)));

  // Sector = floor(6 h / 255) and fraction f / 255. The full circle, sector 6
  // and f = 0, is also sector 5 and f = 255.
  const V six = hn::Mul(load_wide(hue), hn::Set(d, 6));
  const V sector = hn::Min(div_255(d, six), hn::Set(d, 5));
  const V fraction = hn::Sub(six, hn::Mul(sector, full));

  // p = round(v (255 - s) / 255).
  const V s = load_wide(saturation);
  const V lifted = hn::Add(hn::Mul(high, hn::Sub(full, s)), hn::Set(d, 128));
  const V lowest =
      hn::ShiftRight<8>(hn::Add(lifted, hn::ShiftRight<8>(lifted)));

  // The one of q and t that the sector uses: v - round(v s f / 255^2), with f
  // or 255 - f. By 255 twice, v s = 255 a + b and a f = 255 c + d, it is c and
  // the rounded (255 d + b f) / 255^2, which is 0, 1 or 2. No ties occur.
  const auto odd = hn::Ne(hn::And(sector, hn::Set(d, 1)), hn::Zero(d));
  const V slope = hn::IfThenElse(odd, fraction, hn::Sub(full, fraction));
  const V product = hn::Mul(high, s);
  const V a = div_255(d, product);
  const V product2 = hn::Mul(a, slope);
  const V c = div_255(d, product2);
  const V rest = hn::Mul(hn::Sub(product2, hn::Mul(c, full)), full);
  const V rest2 = hn::Mul(hn::Sub(product, hn::Mul(a, full)), slope);
  // 1 where the sum is above 32,512, half of 255^2: its top bit after + 255.
  const V first = hn::ShiftRight<15>(
      hn::SaturatedAdd(hn::SaturatedAdd(rest, rest2), hn::Set(d, 255)));
  // -1 where it is above 97,537: both less 2^15 are signed numbers.
  const V top = hn::Set(d, 0x8000);
  const auto signed_sum = hn::SaturatedAdd(
      hn::BitCast(di, hn::Xor(rest, top)),
      hn::BitCast(di, hn::Xor(rest2, top)));
  const V second = hn::BitCast(
      d, hn::VecFromMask(di, hn::Gt(signed_sum, hn::Set(di, 32001))));
  const V between = hn::Add(hn::Sub(hn::Sub(high, c), first), second);

  // Sectors 0 .. 5: (v t p) (q v p) (p v t) (p q v) (t p v) (v p q).
  const auto is_sector = [&](uint16_t value) {
    return hn::Eq(sector, hn::Set(d, value));
  };
  const auto s0 = is_sector(0);
  const auto s1 = is_sector(1);
  const auto s2 = is_sector(2);
  const auto s3 = is_sector(3);
  const auto s4 = is_sector(4);
  const auto s5 = is_sector(5);
  const auto store_narrow = [&](V value, uint8_t* p) {
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(di, value)), d8, p);
  };
  store_narrow(pick(high, between, lowest, hn::Or(s0, s5), hn::Or(s1, s4)), r);
  store_narrow(pick(high, between, lowest, hn::Or(s1, s2), hn::Or(s0, s3)), g);
  store_narrow(pick(high, between, lowest, hn::Or(s3, s4), hn::Or(s2, s5)), b);
}

HWY_INLINE void shift_hue_block(
    uint8_t* r, uint8_t* g, uint8_t* b, uint8_t shift) {
  const hn::ScalableTag<int32_t> di;
  const hn::ScalableTag<uint16_t> d16;
  HWY_ALIGN uint8_t hue[kHueBlock];
  HWY_ALIGN uint8_t saturation[kHueBlock];
  for (int64_t i = 0; i < kHueBlock; i += static_cast<int64_t>(hn::Lanes(di))) {
    hue_and_saturation(di, r + i, g + i, b + i, shift, hue + i, saturation + i);
  }
  for (int64_t i = 0; i < kHueBlock;
       i += static_cast<int64_t>(hn::Lanes(d16))) {
    rgb_of_hsv(d16, hue + i, saturation + i, r + i, g + i, b + i);
  }
}

void blend_constant_all(uint8_t* p, int64_t n, float base, float factor) {
  for_pixels(n, BlendConstant{p, base, factor});
}

void blend_gray_all(
    uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, float factor) {
  for_pixels(n, BlendGray{r, g, b, factor});
}

void shift_hue_all(
    uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, uint8_t shift) {
  int64_t i = 0;
  for (; i + kHueBlock <= n; i += kHueBlock) {
    shift_hue_block(r + i, g + i, b + i, shift);
  }
  if (i < n) {
    HWY_ALIGN uint8_t rest[3][kHueBlock] = {};
    const auto size = static_cast<size_t>(n - i);
    std::memcpy(rest[0], r + i, size);
    std::memcpy(rest[1], g + i, size);
    std::memcpy(rest[2], b + i, size);
    shift_hue_block(rest[0], rest[1], rest[2], shift);
    std::memcpy(r + i, rest[0], size);
    std::memcpy(g + i, rest[1], size);
    std::memcpy(b + i, rest[2], size);
  }
}

void to_gray_all(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n) {
  for_pixels(n, ToGray{r, g, b});
}

uint64_t gray_sum_all(
    const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t n) {
  const hn::ScalableTag<int32_t> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(di));
  constexpr int64_t kFlush = int64_t{1} << 22;  // 2^22 * 255 < 2^31 a lane
  uint64_t total = 0;
  int64_t i = 0;
  while (i + lanes <= n) {
    auto sum = hn::Zero(di);
    for (int64_t k = 0; k < kFlush && i + lanes <= n; ++k, i += lanes) {
      sum = hn::Add(
          sum, gray_of(di, load(di, r + i), load(di, g + i), load(di, b + i)));
    }
    HWY_ALIGN int32_t parts[HWY_MAX_BYTES / sizeof(int32_t)];
    hn::Store(sum, di, parts);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      total += static_cast<uint64_t>(parts[lane]);
    }
  }
  return total + reference::gray_sum(r + i, g + i, b + i, n - i);
}

uint64_t plane_sum_all(const uint8_t* p, int64_t n) {
#if HWY_TARGET == HWY_SCALAR
  return reference::plane_sum(p, n);
#else
  const hn::ScalableTag<uint8_t> d8;
  const hn::Repartition<uint64_t, decltype(d8)> d64;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d8));
  auto sums = hn::Zero(d64);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    sums = hn::Add(sums, hn::SumsOf8(hn::LoadU(d8, p + i)));
  }
  const uint64_t total = hn::GetLane(hn::SumOfLanes(d64, sums));
  return total + reference::plane_sum(p + i, n - i);
#endif
}

void solarize_all(uint8_t* p, int64_t n) {
  const hn::ScalableTag<uint8_t> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d8));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto value = hn::LoadU(d8, p + i);
    hn::StoreU(
        hn::Min(value, hn::Xor(value, hn::Set(d8, uint8_t{255}))), d8, p + i);
  }
  reference::solarize(p + i, n - i);
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(blend_constant_all);
HWY_EXPORT(blend_gray_all);
HWY_EXPORT(shift_hue_all);
HWY_EXPORT(to_gray_all);
HWY_EXPORT(gray_sum_all);
HWY_EXPORT(plane_sum_all);
HWY_EXPORT(solarize_all);

void blend_constant(uint8_t* p, int64_t n, float base, float factor) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(blend_constant_all)(p, n, base, factor);
}

void blend_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, float factor) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(blend_gray_all)(r, g, b, n, factor);
}

void shift_hue(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, uint8_t shift) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(shift_hue_all)(r, g, b, n, shift);
}

void to_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(to_gray_all)(r, g, b, n);
}

uint64_t gray_sum(
    const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t n) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(gray_sum_all)(r, g, b, n);
}

uint64_t plane_sum(const uint8_t* p, int64_t n) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(plane_sum_all)(p, n);
}

void solarize(uint8_t* p, int64_t n) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(solarize_all)(p, n);
}

}  // namespace nadir::kernels
#endif
