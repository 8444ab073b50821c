// Products of rounded numbers beside the reference on numbers rounded before.
// Where the processor has AVX-512 BF16, its kernel is one of the levels.
#include "kernels/bf16_gemm.h"

#include <bit>
#include <cmath>
#include <limits>

#include "core/aligned.h"
#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

std::vector<float> rounded_to_bf16(std::vector<float> values) {
  std::transform(values.begin(), values.end(), values.begin(), round_to_bf16);
  return values;
}

struct Bf16Product {
  int64_t m;
  int64_t k;
  int64_t n;
  bool a_is_transposed = false;
  bool b_is_transposed = false;
  GemmInit init = GemmInit::kReplace;
};

// Everything that goes into a product; strides are wider than rows, and what
// lies beside the matrices is NaN.
struct Bf16Operands {
  explicit Bf16Operands(const Bf16Product& product)
      : p(product),
        a_values(padded(p.m, p.k, p.a_is_transposed, 1)),
        b_values(padded(p.k, p.n, p.b_is_transposed, 2)),
        bias(random_floats(p.n, 3)),
        c(static_cast<size_t>(p.m * c_stride()), kOutside) {
    const auto inside = random_floats(p.m * p.n, 4);
    for (int64_t i = 0; i < p.m * p.n; ++i) {
      c[i / p.n * c_stride() + i % p.n] = inside[i];
    }
  }

  [[nodiscard]] int64_t c_stride() const { return p.n + 2; }

  [[nodiscard]] MatrixView a() const {
    return view(a_values, p.m, p.k, p.a_is_transposed);
  }

  [[nodiscard]] MatrixView b() const {
    return view(b_values, p.k, p.n, p.b_is_transposed);
  }

  static constexpr float kOutside = 123;

  Bf16Product p;
  std::vector<float> a_values;
  std::vector<float> b_values;
  std::vector<float> bias;
  std::vector<float> c;

 private:
  static constexpr int64_t kPadding = 3;

  static MatrixView view(
      const std::vector<float>& values,
      int64_t rows,
      int64_t cols,
      bool is_transposed) {
    return {
        values.data(), (is_transposed ? rows : cols) + kPadding, is_transposed};
  }

  static std::vector<float> padded(
      int64_t rows, int64_t cols, bool is_transposed, uint64_t seed) {
    const int64_t stored = is_transposed ? cols : rows;
    const int64_t length = is_transposed ? rows : cols;
    const auto inside = random_floats(rows * cols, seed);
    std::vector<float> values(
        static_cast<size_t>(stored * (length + kPadding)),
        std::numeric_limits<float>::quiet_NaN());
    for (int64_t i = 0; i < rows * cols; ++i) {
      values[i / length * (length + kPadding) + i % length] = inside[i];
    }
    return values;
  }
};

std::vector<float> multiply_in_bf16(Bf16Operands operands) {
  const Bf16Product& p = operands.p;
  const Products& products = bf16_products();
  AlignedFloats packed(products.packed_size(p.k, p.n));
  AlignedFloats scratch(products.scratch_size(p.k));
  products.pack(operands.b(), p.k, p.n, packed.data());
  products.multiply(
      {operands.a(),
       p.m,
       p.k,
       packed.data(),
       p.n,
       p.init,
       operands.bias.data(),
       operands.c.data(),
       operands.c_stride(),
       scratch.data()});
  return operands.c;
}

std::vector<float> reference_in_bf16(Bf16Operands operands) {
  operands.a_values = rounded_to_bf16(operands.a_values);
  operands.b_values = rounded_to_bf16(operands.b_values);
  const Bf16Product& p = operands.p;
  reference::gemm(
      operands.a(),
      p.m,
      p.k,
      operands.b(),
      p.n,
      p.init,
      operands.bias.data(),
      operands.c.data(),
      operands.c_stride());
  return operands.c;
}

void expect_right_bf16(const Bf16Product& p) {
  const Bf16Operands operands(p);
  SCOPED_TRACE(
      std::to_string(p.m) + " x " + std::to_string(p.k) + " x " +
      std::to_string(p.n));
  expect_all_near(
      multiply_in_bf16(operands),
      reference_in_bf16(operands),
      1e-6 * std::sqrt(static_cast<double>(p.k)) + 1e-6);
}

TEST(Bf16Gemm, RoundsToTheNearestAndTiesToEven) {
  constexpr float kStep = 1.0F / 128;  // of bfloat16 above 1
  EXPECT_EQ(round_to_bf16(1 + 0.49F * kStep), 1);
  EXPECT_EQ(round_to_bf16(1 + 0.51F * kStep), 1 + kStep);
  EXPECT_EQ(round_to_bf16(1 + 0.5F * kStep), 1);
  EXPECT_EQ(round_to_bf16(1 + 1.5F * kStep), 1 + 2 * kStep);
  EXPECT_EQ(round_to_bf16(-1 - 1.5F * kStep), -1 - 2 * kStep);
  EXPECT_EQ(round_to_bf16(INFINITY), INFINITY);
  EXPECT_EQ(round_to_bf16(std::numeric_limits<float>::max()), INFINITY);
  EXPECT_TRUE(std::isnan(round_to_bf16(NAN)));
}

TEST(Bf16Gemm, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      expect_right_bf16({size, 5, 17});
      expect_right_bf16({7, 5, size});
      expect_right_bf16({13, size, 34});
      expect_right_bf16({13, size, 34, true, true});
    }
  });
}

TEST(Bf16Gemm, TakesTransposedMatricesAndEveryStart) {
  for_each_level([] {
    for (const bool a : {false, true}) {
      for (const bool b : {false, true}) {
        for (const auto init :
             {GemmInit::kReplace, GemmInit::kAddBias, GemmInit::kAccumulate}) {
          expect_right_bf16({53, 67, 71, a, b, init});
        }
      }
    }
  });
}

TEST(Bf16Gemm, SumsMoreTermsThanABlockHolds) {
  for_each_level([] {
    expect_right_bf16({51, 1111, 40, false, true, GemmInit::kAddBias});
    expect_right_bf16({51, 1111, 40, true, false, GemmInit::kAccumulate});
  });
}

TEST(Bf16Gemm, PacksPartsWhereTheWholeHasThem) {
  for_each_level([] {
    const Bf16Operands operands({1, 37, 200});
    const Products& products = bf16_products();
    AlignedFloats whole(products.packed_size(37, 200));
    products.pack(operands.b(), 37, 200, whole.data());
    const int64_t col = 2 * products.panel_cols();
    AlignedFloats part(products.packed_size(37, 200 - col));
    products.pack(operands.b().at(0, col), 37, 200 - col, part.data());
    const float* const there = whole.data() + products.packed_size(37, col);
    for (int64_t i = 0; i < products.packed_size(37, 200 - col); ++i) {
      ASSERT_EQ(
          std::bit_cast<uint32_t>(there[i]),
          std::bit_cast<uint32_t>(part.data()[i]))
          << i;
    }
  });
}

TEST(Bf16Gemm, KeepsNanAndInfinity) {
  for_each_level([] {
    Bf16Operands operands({2, 2, 2});
    operands.a_values = {NAN, 1, 0, 0, 0, INFINITY, 1, 0, 0, 0};
    operands.b_values = {1, 2, 0, 0, 0, 3, 4, 0, 0, 0};
    const auto c = multiply_in_bf16(operands);
    EXPECT_TRUE(std::isnan(c[0]));
    EXPECT_EQ(c[operands.c_stride()], INFINITY);
  });
}

}  // namespace
}  // namespace nadir::kernels
