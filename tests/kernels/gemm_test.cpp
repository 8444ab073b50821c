#include "kernels/gemm.h"

#include <cmath>
#include <tuple>

#include "core/aligned.h"
#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

// Rounding of a sum of K products of numbers up to 1, with room.
double tolerance(int64_t k) {
  return 1e-6 * std::sqrt(static_cast<double>(k)) + 1e-6;
}

struct Product {
  int64_t m;
  int64_t k;
  int64_t n;
  bool a_is_transposed = false;
  bool b_is_transposed = false;
  GemmInit init = GemmInit::kReplace;
};

// The largest difference from the reference; strides are wider than rows.
double largest_difference(const Product& p) {
  const auto view = [](const std::vector<float>& values,
                       int64_t rows,
                       int64_t cols,
                       bool is_transposed) {
    return MatrixView{
        values.data() + 1, (is_transposed ? rows : cols) + 3, is_transposed};
  };
  const auto a_values = random_floats((p.m + 3) * (p.k + 3) + 1, 1);
  const auto b_values = random_floats((p.k + 3) * (p.n + 3) + 1, 2);
  const auto bias = random_floats(p.n, 3);
  const auto a = view(a_values, p.m, p.k, p.a_is_transposed);
  const auto b = view(b_values, p.k, p.n, p.b_is_transposed);
  const int64_t stride = p.n + 2;
  const auto before = random_floats(p.m * stride + 1, 4);
  auto expected = before;
  auto actual = before;
  AlignedFloats packed(gemm_packed_size(p.k, p.n));
  AlignedFloats scratch(gemm_scratch_size(p.k));
  gemm_pack(b, p.k, p.n, packed.data());
  gemm(
      {a,
       p.m,
       p.k,
       packed.data(),
       p.n,
       p.init,
       bias.data(),
       actual.data() + 1,
       stride,
       scratch.data()});
  reference::gemm(
      a, p.m, p.k, b, p.n, p.init, bias.data(), expected.data() + 1, stride);
  double largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    largest = std::max(
        largest, std::abs(static_cast<double>(actual[i]) - expected[i]));
  }
  return largest;
}

TEST(Gemm, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      for (const auto& [m, n] :
           {std::pair(size, int64_t{17}), {int64_t{7}, size}, {size, size}}) {
        ASSERT_LE(largest_difference({m, 5, n}), tolerance(5)) << m << " " << n;
      }
      ASSERT_LE(largest_difference({13, size, 34}), tolerance(size)) << size;
    }
  });
}

TEST(Gemm, TakesTransposedMatricesAndEveryStart) {
  for_each_level([] {
    for (const bool a : {false, true}) {
      for (const bool b : {false, true}) {
        for (const auto init :
             {GemmInit::kReplace, GemmInit::kAddBias, GemmInit::kAccumulate}) {
          ASSERT_LE(largest_difference({53, 67, 71, a, b, init}), tolerance(67))
              << a << b << static_cast<int>(init);
        }
      }
    }
  });
}

// Rows in an order of their own, some of them twice.
TEST(Gemm, TakesPickedRowsAndColumns) {
  for_each_level([] {
    const std::vector<int64_t> picked = {7, 0, 3, 3, 9, 1, 8, 2, 6, 5, 4, 9, 0,
                                         2, 7, 1, 5, 5, 8, 3, 6, 0, 9, 4, 1, 2};
    const std::vector<int64_t> picked_next(picked.rbegin(), picked.rend());
    constexpr int64_t kStored = 10;
    constexpr int64_t kLength = 37;
    const auto stored = random_floats(kStored * kLength, 5);
    const auto num_picked = static_cast<int64_t>(picked.size());
    std::vector<float> gathered;
    for (const int64_t row : picked) {
      gathered.insert(
          gathered.end(),
          stored.begin() + row * kLength,
          stored.begin() + (row + 1) * kLength);
    }
    for (const bool is_transposed : {false, true}) {
      const MatrixView picking = {
          stored.data(), kLength, is_transposed, picked.data()};
      MatrixView looking_ahead = picking;
      looking_ahead.picked_next = picked_next.data();
      const MatrixView plain = {gathered.data(), kLength, is_transposed};
      const int64_t rows = is_transposed ? kLength - 1 : num_picked - 1;
      const int64_t terms = is_transposed ? num_picked - 1 : kLength - 1;
      for (const int64_t n : {3, 24, 90, 200}) {
        const auto right = random_floats(terms * n, 6);
        AlignedFloats packed(gemm_packed_size(terms, n));
        AlignedFloats scratch(gemm_scratch_size(terms));
        gemm_pack({right.data(), n}, terms, n, packed.data());
        const auto multiply = [&](const MatrixView& left) {
          std::vector<float> out(rows * n);
          gemm(
              {left.at(1, 1),
               rows,
               terms,
               packed.data(),
               n,
               GemmInit::kReplace,
               nullptr,
               out.data(),
               n,
               scratch.data()});
          return out;
        };
        ASSERT_EQ(multiply(picking), multiply(plain)) << is_transposed << n;
        ASSERT_EQ(multiply(looking_ahead), multiply(plain));
      }
    }
  });
}

TEST(Gemm, SumsMoreTermsThanABlockHolds) {
  for_each_level([] {
    ASSERT_LE(
        largest_difference({51, 1000, 40, false, true, GemmInit::kAddBias}),
        tolerance(1000));
  });
}

TEST(Gemm, KeepsNanAndInfinity) {
  for_each_level([] {
    const std::vector<float> a = {NAN, 1, INFINITY, 1};  // 2 x 2
    const std::vector<float> b = {1, 2, 3, 4};
    AlignedFloats packed(gemm_packed_size(2, 2));
    AlignedFloats scratch(gemm_scratch_size(2));
    std::vector<float> c(4);
    gemm_pack({b.data(), 2}, 2, 2, packed.data());
    gemm(
        {{a.data(), 2},
         2,
         2,
         packed.data(),
         2,
         GemmInit::kReplace,
         nullptr,
         c.data(),
         2,
         scratch.data()});
    EXPECT_TRUE(std::isnan(c[0]));
    EXPECT_EQ(c[2], INFINITY);
  });
}

}  // namespace
}  // namespace nadir::kernels
