#include <algorithm>
#include <cstring>

#include "core/ceil_div.h"
#include "kernels/int16_gemm.h"
#include "kernels/int16_level.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int16_gemm_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"
#include "kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Two terms of a sum in one lane: a tile of registers is that of float32
// products with half as many terms.
using PairTag = hn::ScalableTag<int32_t>;
using Pairs = hn::Vec<PairTag>;
constexpr int64_t kPairLanes = HWY_LANES(int32_t);
constexpr int64_t kInt16Cols = 2 * kPairLanes;
constexpr int64_t kInt16Rows = kPairLanes == 16 ? 12 : 6;

// The sum of both terms' products in each lane, and what some processors sum
// beside it until the end.
struct PairSum {
  Pairs sum;
  Pairs other;

  HWY_INLINE PairSum() : sum(hn::Zero(PairTag())), other(hn::Zero(PairTag())) {}

  HWY_INLINE void add(Pairs a, Pairs b) {
    const PairTag d;
#if HWY_TARGET == HWY_SCALAR
    const auto low = [&](Pairs x) {
      return hn::ShiftRight<16>(hn::ShiftLeft<16>(x));
    };
    sum = hn::Add(sum, hn::Mul(low(a), low(b)));
    sum = hn::Add(sum, hn::Mul(hn::ShiftRight<16>(a), hn::ShiftRight<16>(b)));
    (void)d;
#else
    const hn::Repartition<int16_t, PairTag> d16;
    sum = hn::ReorderWidenMulAccumulate(
        d, hn::BitCast(d16, a), hn::BitCast(d16, b), sum, other);
#endif
  }

  [[nodiscard]] HWY_INLINE Pairs take() const {
#if HWY_TARGET == HWY_SCALAR
    return sum;
#else
    return hn::RearrangeToOddPlusEven(sum, other);
#endif
  }
};

HWY_INLINE int32_t pair_at(const int16_t* numbers) {
  int32_t pair;
  std::memcpy(&pair, numbers, sizeof(pair));
  return pair;
}

// kRows rows times a panel of two vectors. Three rows a pointer: processors add
// one or two strides to an address at no cost.
template <int64_t kRows>
HWY_INLINE void run_int16_tile(
    const int16_t* HWY_RESTRICT rows,
    int64_t row_size,
    const int16_t* HWY_RESTRICT panel,
    int32_t* HWY_RESTRICT products,
    int64_t num_cols) {
  const PairTag d;
  constexpr int64_t kBases = (kRows + 2) / 3;
  const int16_t* bases[kBases];
  for (int64_t i = 0; i < kBases; ++i) {
    bases[i] = rows + 3 * i * row_size;
  }
  PairSum sums[kRows][2];
  for (int64_t t = 0; t < row_size; t += 2) {
    const auto left = hn::Load(d, reinterpret_cast<const int32_t*>(panel));
    const auto right =
        hn::Load(d, reinterpret_cast<const int32_t*>(panel) + kPairLanes);
#pragma GCC unroll 12
    for (int64_t i = 0; i < kRows; ++i) {
      const auto factor = hn::Set(d, pair_at(bases[i / 3] + i % 3 * row_size));
      sums[i][0].add(factor, left);
      sums[i][1].add(factor, right);
    }
#pragma GCC unroll 4
    for (auto& base : bases) {
      base += 2;
    }
    panel += 2 * kInt16Cols;
  }
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; ++i) {
    hn::Store(sums[i][0].take(), d, products + i * num_cols);
    hn::Store(sums[i][1].take(), d, products + i * num_cols + kPairLanes);
  }
}

template <class D>
HWY_INLINE hn::Vec<D> quantize_vector(
    D d,
    const float* row,
    const float* centre,
    float scale,
    int16_t* numbers,
    hn::Vec<D> squares) {
  const auto exact = hn::Mul(
      hn::Set(d, scale), hn::Sub(hn::LoadU(d, row), hn::LoadU(d, centre)));
  const auto rounded = hn::NearestInt(exact);
  const hn::Rebind<int16_t, D> d16;
  hn::StoreU(hn::DemoteTo(d16, rounded), d16, numbers);
  const auto error = hn::Sub(exact, hn::ConvertTo(d, rounded));
  return hn::MulAdd(error, error, squares);
}

float int16_quantize_all(
    const float* row,
    const float* centre,
    float scale,
    int64_t k,
    int16_t* numbers) {
  if (k < int16_row_size(k)) {
    numbers[k] = 0;
  }
  return sum_over_vectors(k, [&](auto d, int64_t t, auto squares) {
    return quantize_vector(d, row + t, centre + t, scale, numbers + t, squares);
  });
}

int64_t int16_padded_cols_all(int64_t n) {
  return round_up(n, kInt16Cols);
}

void int16_pack_all(
    const int16_t* rows, int64_t k, int64_t n, int16_t* packed) {
  const int64_t row_size = int16_row_size(k);
  for (int64_t col = 0; col < n; col += kInt16Cols) {
    const int64_t num_cols = std::min(kInt16Cols, n - col);
    for (int64_t t = 0; t < row_size; t += 2) {
      for (int64_t j = 0; j < kInt16Cols; ++j) {
        const int32_t pair =
            j < num_cols ? pair_at(rows + (col + j) * row_size + t) : 0;
        std::memcpy(packed, &pair, sizeof(pair));
        packed += 2;
      }
    }
  }
}

void int16_gemm_all(const Int16GemmCall& call) {
  const auto& [rows, m, k, packed, n, products] = call;
  const int64_t row_size = int16_row_size(k);
  const int64_t num_cols = int16_padded_cols_all(n);
  for (int64_t col = 0; col < num_cols; col += kInt16Cols) {
    const int16_t* const panel = packed + col * row_size;
    int32_t* const out = products + col;
    int64_t i = 0;
    for (; i + kInt16Rows <= m; i += kInt16Rows) {
      run_int16_tile<kInt16Rows>(
          rows + i * row_size, row_size, panel, out + i * num_cols, num_cols);
    }
    for (; i < m; ++i) {
      run_int16_tile<1>(
          rows + i * row_size, row_size, panel, out + i * num_cols, num_cols);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(int16_quantize_all);
HWY_EXPORT(int16_padded_cols_all);
HWY_EXPORT(int16_pack_all);
HWY_EXPORT(int16_gemm_all);

float int16_quantize(
    const float* row,
    const float* centre,
    float scale,
    int64_t k,
    int16_t* numbers) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(int16_quantize_all)(
      row, centre, scale, k, numbers);
}

int64_t int16_padded_cols(int64_t n) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(int16_padded_cols_all)(n);
}

void int16_pack(const int16_t* rows, int64_t k, int64_t n, int16_t* packed) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(int16_pack_all)(rows, k, n, packed);
}

void int16_gemm(const Int16GemmCall& call) {
#if defined(__x86_64__)
  if (allows_avx512_vnni()) {
    int16_gemm_vnni(call);
    return;
  }
#endif
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(int16_gemm_all)(call);
}

}  // namespace nadir::kernels
#endif
