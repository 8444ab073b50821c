#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/int8_gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int8_quantize_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct RowRange {
  float lowest = 0;  // at most 0
  float highest = 0;
  float not_finite = 0;  // or NaN
};

// Values of a row less their centre, which may be null for 0.
struct CentredRow {
  const float* values;
  const float* centre;

  template <class D>
  hn::Vec<D> load(D d, int64_t t) const {
    const auto value = hn::LoadU(d, values + t);
    return centre != nullptr ? hn::Sub(value, hn::LoadU(d, centre + t)) : value;
  }

  float at(int64_t t) const {
    return values[t] - (centre != nullptr ? centre[t] : 0);
  }
};

RowRange range_of(const CentredRow& row, int64_t k) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto lowest = hn::Zero(d);
  auto highest = hn::Zero(d);
  auto rests = hn::Zero(d);
  int64_t t = 0;
  for (; t + lanes <= k; t += lanes) {
    const auto value = row.load(d, t);
    lowest = hn::Min(lowest, value);
    highest = hn::Max(highest, value);
    rests = hn::Add(rests, hn::Sub(value, value));
  }
  RowRange range{
      hn::GetLane(hn::MinOfLanes(d, lowest)),
      hn::GetLane(hn::MaxOfLanes(d, highest)),
      hn::GetLane(hn::SumOfLanes(d, rests))};
  for (; t < k; ++t) {
    range.lowest = std::min(range.lowest, row.at(t));
    range.highest = std::max(range.highest, row.at(t));
    range.not_finite += row.at(t) - row.at(t);
  }
  return range;
}

void quantize_row(const CentredRow& row, int64_t k, const Int8Rows& out) {
  const auto range = range_of(row, k);
  const float width = range.highest - range.lowest;
  const float scale = (width > 0 ? width / 255 : 1) + range.not_finite;
  *out.scales = scale;
  *out.zeros = 0;
  std::memset(out.values, 0, static_cast<size_t>(int8_row_size(k)));
  if (!std::isfinite(scale)) {
    return;
  }
  const float zero = std::nearbyint(-range.lowest / scale);
  *out.zeros = static_cast<int32_t>(zero);
  for_each_vector(k, [&](auto d, int64_t t) {
    const hn::Rebind<int32_t, decltype(d)> di;
    const hn::Rebind<uint8_t, decltype(d)> du8;
    const auto steps =
        hn::NearestInt(hn::Div(row.load(d, t), hn::Set(d, scale)));
    const auto value = hn::Add(steps, hn::Set(di, *out.zeros));
    hn::StoreU(hn::DemoteTo(du8, value), du8, out.values + t);
  });
}

void int8_quantize_all(
    const float* rows,
    int64_t stride,
    int64_t m,
    int64_t k,
    const float* centre,
    const Int8Rows& out) {
  for (int64_t i = 0; i < m; ++i) {
    quantize_row(
        {rows + i * stride, centre},
        k,
        {out.values + i * int8_row_size(k), out.scales + i, out.zeros + i});
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(int8_quantize_all);

void int8_quantize(
    const float* rows,
    int64_t stride,
    int64_t m,
    int64_t k,
    const float* centre,
    const Int8Rows& out) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(int8_quantize_all)(rows, stride, m, k, centre, out);
}

}  // namespace nadir::kernels
#endif
