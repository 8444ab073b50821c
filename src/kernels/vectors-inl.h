// Loops and sums over vectors of float32 or int32, and float32's exp(), for
// kernels at each level. Included by their sources, once a level, hence without
// a pragma. Private to the room.
#if defined(NADIR_KERNELS_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NADIR_KERNELS_VECTORS_INL_H_
#undef NADIR_KERNELS_VECTORS_INL_H_
#else
#define NADIR_KERNELS_VECTORS_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {

// Calls body(tag, i) for vectors from 0 on, and single values at the end.
template <class Number = float, class Body>
HWY_INLINE void for_each_vector(int64_t count, Body&& body) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<Number> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    body(d, i);
  }
  for (; i < count; ++i) {
    body(hn::CappedTag<Number, 1>(), i);
  }
}

// A sum over all places: add(tag, i, sum) adds what a vector at i comes to.
// Four sums at a time: one would wait for itself.
template <class Add>
HWY_INLINE float sum_over_vectors(int64_t count, Add&& add) {
  namespace hn = hwy::HWY_NAMESPACE;
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

// e^x within 2 units in the last place for x in [-87, 88]; below, it goes to
// e^-87, above to infinity's neighbour e^88; NaN stays NaN.
//
// 2^n e^r with r in [-ln 2 / 2, ln 2 / 2], ln 2 in two parts (Cody and Waite
// 1980), e^r by the polynomial of Cephes' expf (Moshier 1989).
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> exp_of(
    D d, hwy::HWY_NAMESPACE::Vec<D> x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Rebind<int32_t, D> di;
  const auto clamped =
      hn::Max(hn::Set(d, -87.0F), hn::Min(hn::Set(d, 88.0F), x));
  const auto n = hn::NearestInt(hn::Mul(clamped, hn::Set(d, 1.442695041F)));
  const auto n_float = hn::ConvertTo(d, n);
  auto r = hn::NegMulAdd(n_float, hn::Set(d, 0.693359375F), clamped);
  r = hn::NegMulAdd(n_float, hn::Set(d, -2.12194440e-4F), r);
  auto p =
      hn::MulAdd(hn::Set(d, 1.9875691500e-4F), r, hn::Set(d, 1.3981999507e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1F));
  p = hn::MulAdd(p, hn::Mul(r, r), hn::Add(r, hn::Set(d, 1.0F)));
  const auto power =
      hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
  // Min and Max drop NaN at some levels.
  return hn::IfThenElse(hn::Eq(x, x), hn::Mul(p, power), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#endif
