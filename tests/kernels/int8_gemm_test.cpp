#include "kernels/int8_gemm.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/int8_tile.h"
#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

// A matrix [K, N] and rows [M, K], quantised, with the memory they lie in.
struct Operands {
  Operands(int64_t num_rows, int64_t num_terms, int64_t num_cols)
      : m(num_rows),
        k(num_terms),
        n(num_cols),
        weight(random_floats(k * n, 1)),
        rows(random_floats(m * k, 2, 3)),
        bias(random_floats(n, 3)),
        packed(static_cast<size_t>(int8_packed_size(k, n))),
        col_scales(static_cast<size_t>(n)),
        col_sums(static_cast<size_t>(n)),
        values(static_cast<size_t>(m * int8_row_size(k))),
        row_scales(static_cast<size_t>(m)),
        zeros(static_cast<size_t>(m)) {}

  void quantize() {
    int8_pack(
        weight.data(),
        k,
        n,
        {packed.data(), col_scales.data(), col_sums.data()});
    int8_quantize(rows.data(), k, m, k, nullptr, quantized());
  }

  Int8Rows quantized() {
    return {values.data(), row_scales.data(), zeros.data()};
  }

  [[nodiscard]] Int8Matrix matrix() const {
    return {packed.data(), col_scales.data(), col_sums.data(), k, n};
  }

  // Rows `n + 1` apart, the values between them as they were.
  std::vector<float> multiply() {
    std::vector<float> c(static_cast<size_t>(m * (n + 1)), -7);
    int8_gemm(quantized(), m, matrix(), bias.data(), c.data(), n + 1);
    return c;
  }

  int64_t m;
  int64_t k;
  int64_t n;
  std::vector<float> weight;
  std::vector<float> rows;
  std::vector<float> bias;
  std::vector<int8_t> packed;
  std::vector<float> col_scales;
  std::vector<int32_t> col_sums;
  std::vector<uint8_t> values;
  std::vector<float> row_scales;
  std::vector<int32_t> zeros;
};

// The definition, from the quantised numbers one by one.
std::vector<float> product_by_definition(const Operands& o) {
  std::vector<float> c(static_cast<size_t>(o.m * (o.n + 1)), -7);
  for (int64_t i = 0; i < o.m; ++i) {
    for (int64_t j = 0; j < o.n; ++j) {
      int64_t sum = 0;
      for (int64_t t = 0; t < o.k; ++t) {
        const float scaled = o.weight[j * o.k + t] / o.col_scales[j];
        sum += (o.values[i * int8_row_size(o.k) + t] - o.zeros[i]) *
               static_cast<int64_t>(std::nearbyint(scaled));
      }
      c[i * (o.n + 1) + j] =
          static_cast<float>(sum) * (o.row_scales[i] * o.col_scales[j]) +
          o.bias[j];
    }
  }
  return c;
}

TEST(Int8Gemm, IsItsDefinitionToTheBitAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      for (const auto& [m, k, n] :
           {std::tuple(size, int64_t{9}, int64_t{17}),
            {int64_t{5}, size, int64_t{35}},
            {int64_t{13}, int64_t{31}, size}}) {
        Operands operands(m, k, n);
        operands.quantize();
        ASSERT_EQ(operands.multiply(), product_by_definition(operands))
            << m << " " << k << " " << n;
      }
    }
  });
}

// What vpdpbusd does, in tiles of the sizes that VNNI takes: so that those are
// tested on processors without it too.
struct DotInWords {
  static constexpr int64_t kRows = 12;
  static constexpr int64_t kPanels = 2;

  struct Sums {
    int32_t values[kInt8PanelCols] = {};

    void add(int32_t four, const int8_t* group) {
      for (int64_t i = 0; i < kInt8PanelCols * kInt8Group; ++i) {
        const auto byte = static_cast<uint8_t>(four >> (8 * (i % kInt8Group)));
        values[i / kInt8Group] += byte * group[i];
      }
    }

    void store(int32_t* out) const { std::memcpy(out, values, sizeof(values)); }
  };
};

TEST(Int8Gemm, TilesOfVnniAreCutAsTheRest) {
  for (const auto& [m, n] :
       {std::pair<int64_t, int64_t>{1, 1},
        {12, 32},
        {13, 33},
        {25, 47},
        {48, 65}}) {
    Operands operands(m, 37, n);
    operands.quantize();
    std::vector<float> c(static_cast<size_t>(m * (n + 1)), -7);
    int8_gemm_by<DotInWords>(
        operands.quantized(),
        m,
        operands.matrix(),
        operands.bias.data(),
        c.data(),
        n + 1);
    EXPECT_EQ(c, product_by_definition(operands)) << m << " " << n;
  }
}

TEST(Int8Gemm, SumsTheLargestNumbersWithoutOverflow) {
  for_each_level([] {
    Operands operands(1, kInt8MaxTerms, 1);
    std::fill(operands.weight.begin(), operands.weight.end(), 1.0F);
    std::fill(operands.rows.begin(), operands.rows.end(), 1.0F);
    operands.bias = {0};
    operands.quantize();
    EXPECT_NEAR(operands.multiply()[0], kInt8MaxTerms, 0.01);
  });
}

TEST(Int8Gemm, IsNearTheProductOfFloats) {
  Operands operands(24, 384, 48);
  operands.quantize();
  const auto c = operands.multiply();
  double error = 0;
  double size = 0;
  for (int64_t i = 0; i < operands.m; ++i) {
    for (int64_t j = 0; j < operands.n; ++j) {
      double sum = operands.bias[j];
      for (int64_t t = 0; t < operands.k; ++t) {
        sum += static_cast<double>(operands.rows[i * operands.k + t]) *
               operands.weight[j * operands.k + t];
      }
      error += std::pow(c[i * (operands.n + 1) + j] - sum, 2);
      size += sum * sum;
    }
  }
  // Rounding to 1 / 255 and 1 / 254 of the range, uniform numbers: each error
  // is 0.4 % of a standard deviation of its factor.
  EXPECT_LT(std::sqrt(error / size), 0.008);
}

TEST(Int8Gemm, GivesNothingFiniteForWhatIsNot) {
  for_each_level([] {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(),
          std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      for (const int64_t place : {0, 33}) {
        Operands operands(3, 34, 2);
        operands.rows[operands.k + place] = bad;
        operands.quantize();
        const auto c = operands.multiply();
        EXPECT_TRUE(std::isfinite(c[0]) && std::isfinite(c[6]));
        EXPECT_FALSE(std::isfinite(c[3]) || std::isfinite(c[4]));

        Operands of_weight(3, 34, 2);
        of_weight.weight[place] = bad;
        of_weight.quantize();
        EXPECT_FALSE(std::isfinite(of_weight.multiply()[0]));
        EXPECT_TRUE(std::isfinite(of_weight.multiply()[1]));
      }
    }
  });
}

TEST(Int8Quantize, EqualsTheReferenceAtEveryLevel) {
  for_each_level([] {
    for (const int64_t k : tail_sizes()) {
      for (const bool is_centred : {false, true}) {
        Operands operands(3, k, 1);
        for (int64_t t = 0; t < k; ++t) {
          operands.rows[k + t] = 0;                              // a row of 0
          operands.rows[2 * k + t] = static_cast<float>(5 + t);  // none below 0
        }
        const auto values = random_floats(k, 9);
        const float* const centre = is_centred ? values.data() : nullptr;
        Operands expected = operands;
        int8_quantize(
            operands.rows.data(), k, 3, k, centre, operands.quantized());
        reference::int8_quantize(
            expected.rows.data(), k, 3, k, centre, expected.quantized());
        ASSERT_EQ(operands.values, expected.values) << k;
        ASSERT_EQ(operands.row_scales, expected.row_scales) << k;
        ASSERT_EQ(operands.zeros, expected.zeros) << k;
      }
    }
  });
}

TEST(Int8Quantize, CountsFromTheCentre) {
  Operands operands(1, 4, 1);
  operands.rows = {100, 99, 103, 102};
  const std::vector<float> centre(4, 100);
  int8_quantize(
      operands.rows.data(), 4, 1, 4, centre.data(), operands.quantized());
  EXPECT_EQ(operands.values[0], operands.zeros[0]);
  EXPECT_EQ(operands.values[1], 0);
  EXPECT_EQ(operands.values[2], 255);
  EXPECT_FLOAT_EQ(operands.row_scales[0], 4.0F / 255);
}

TEST(Int8Quantize, KeepsZeroAndTheEndsOfTheRange) {
  Operands operands(1, 4, 1);
  operands.rows = {0, -1, 3, 2};
  int8_quantize(operands.rows.data(), 4, 1, 4, nullptr, operands.quantized());
  EXPECT_EQ(operands.values[0], operands.zeros[0]);
  EXPECT_EQ(operands.values[1], 0);
  EXPECT_EQ(operands.values[2], 255);
}

}  // namespace
}  // namespace nadir::kernels
