#include "kernels/int16_gemm.h"

#include <vector>

#include <hwy/targets.h>

#include "core/aligned.h"
#include "kernels/level_cases.h"

namespace nadir::kernels {

#if defined(__x86_64__)
// AVX-512's level, which processors with VNNI do not come to.
namespace N_AVX3 {
void int16_gemm_all(const Int16GemmCall& call);
}
#endif

namespace {

// Rows [count, k] of numbers of up to `largest`, with what follows k set to 0.
std::vector<int16_t> random_rows(
    int64_t count, int64_t k, uint64_t seed, double largest) {
  const auto floats = random_floats(count * k, seed, largest);
  std::vector<int16_t> rows(static_cast<size_t>(count * int16_row_size(k)));
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t t = 0; t < k; ++t) {
      rows[static_cast<size_t>(i * int16_row_size(k) + t)] =
          static_cast<int16_t>(floats[static_cast<size_t>(i * k + t)]);
    }
  }
  return rows;
}

void expect_reference(
    const std::vector<int16_t>& a,
    int64_t m,
    int64_t k,
    const std::vector<int16_t>& b,
    int64_t n,
    void (*multiply)(const Int16GemmCall&) = int16_gemm) {
  const int64_t num_cols = int16_padded_cols(n);
  Aligned<int16_t> packed(num_cols * int16_row_size(k));
  Aligned<int32_t> products(m * num_cols);
  int16_pack(b.data(), k, n, packed.data());
  multiply({a.data(), m, k, packed.data(), n, products.data()});
  std::vector<int32_t> expected(static_cast<size_t>(m * n));
  reference::int16_gemm({a.data(), m, k, b.data(), n, expected.data()});
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < num_cols; ++j) {
      const int32_t value =
          j < n ? expected[static_cast<size_t>(i * n + j)] : 0;
      ASSERT_EQ(products.data()[i * num_cols + j], value) << i << ", " << j;
    }
  }
}

TEST(Int16Quantize, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t k : tail_sizes()) {
      const auto row = random_floats(k + 1, 1);
      const auto centre = random_floats(k + 3, 2, 0.1);
      const auto size = static_cast<size_t>(int16_row_size(k));
      std::vector<int16_t> actual(size + 1, 77);  // what follows stays
      auto expected = actual;
      const float error = int16_quantize(
          row.data() + 1, centre.data() + 3, 20000, k, actual.data());
      const float expected_error = reference::int16_quantize(
          row.data() + 1, centre.data() + 3, 20000, k, expected.data());
      ASSERT_EQ(actual, expected) << k;
      ASSERT_NEAR(error, expected_error, 1e-5 * static_cast<double>(k));
    }
  });
}

void expect_reference_over_tails(
    void (*multiply)(const Int16GemmCall&) = int16_gemm) {
  for (const int64_t m : {1, 5, 6, 7, 12, 13, 29}) {
    for (const int64_t n : {1, 2, 15, 16, 17, 32, 33, 64}) {
      for (const int64_t k : {1, 2, 3, 31, 64}) {
        SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k);
        expect_reference(
            random_rows(m, k, 1, 5000),
            m,
            k,
            random_rows(n, k, 2, 5000),
            n,
            multiply);
      }
    }
  }
}

TEST(Int16Gemm, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] { expect_reference_over_tails(); });
}

#if defined(__x86_64__)
TEST(Int16Gemm, EqualsTheReferenceByAvx512WithoutVnni) {
  if (!allows_target(HWY_AVX3)) {
    GTEST_SKIP() << "this processor has no AVX-512";
  }
  expect_reference_over_tails(N_AVX3::int16_gemm_all);
}
#endif

TEST(Int16Gemm, IsExactUpToTheLongestRows) {
  for_each_level([] {
    // 32767^2 twice, of either sign: 2^31 - 131070 in one lane.
    const std::vector<int16_t> a = {32767, 32767, -32767, 32767};
    const std::vector<int16_t> b = {32767, 32767, -32767, -32767};
    expect_reference(a, 2, 2, b, 2);
  });
}

}  // namespace
}  // namespace nadir::kernels
