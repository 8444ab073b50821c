// Factors that are packed as their terms come, in the numbers of every kind of
// products: as if they had been there whole.
#include <cmath>

#include "core/aligned.h"
#include "kernels/bf16_gemm.h"
#include "kernels/gemm.h"
#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

// left^T right, [m, n], both stored by terms, of which k.
struct SumOverTerms {
  SumOverTerms(int64_t num_rows, int64_t num_terms, int64_t num_cols)
      : m(num_rows),
        k(num_terms),
        n(num_cols),
        left(random_floats(k * left_stride(), 1)),
        right(random_floats(k * n, 2)) {}

  // Wider than its rows.
  [[nodiscard]] int64_t left_stride() const { return m + 3; }

  int64_t m;
  int64_t k;
  int64_t n;
  std::vector<float> left;
  std::vector<float> right;
};

constexpr GemmInit kInit = GemmInit::kAccumulate;

std::vector<float> multiply_whole(
    const SumOverTerms& sum, const Products& products) {
  AlignedFloats packed(products.packed_size(sum.k, sum.n));
  AlignedFloats scratch(products.scratch_size(sum.k));
  auto out = random_floats(sum.m * sum.n, 3);
  products.pack({sum.right.data(), sum.n}, sum.k, sum.n, packed.data());
  products.multiply(
      {{sum.left.data(), sum.left_stride(), true},
       sum.m,
       sum.k,
       packed.data(),
       sum.n,
       kInit,
       nullptr,
       out.data(),
       sum.n,
       scratch.data()});
  return out;
}

// `piece` terms at a time, the last ones first; then the product in parts of
// 48 rows where `part_rows` says so.
std::vector<float> multiply_in_pieces(
    const SumOverTerms& sum,
    const Products& products,
    int64_t piece,
    int64_t part_rows) {
  AlignedFloats packed(products.packed_size(sum.k, sum.n));
  AlignedFloats packed_left(products.left_size(sum.k, sum.m));
  AlignedFloats scratch(products.scratch_size(sum.k));
  auto out = random_floats(sum.m * sum.n, 3);
  for (int64_t first = (sum.k - 1) / piece * piece; first >= 0;
       first -= piece) {
    const Terms terms{first, std::min(piece, sum.k - first), sum.k};
    products.pack_terms(
        {sum.right.data() + first * sum.n, sum.n}, terms, sum.n, packed.data());
    products.pack_left_terms(
        {sum.left.data() + first * sum.left_stride(), sum.left_stride()},
        terms,
        sum.m,
        packed_left.data());
  }
  for (int64_t row = 0; row < sum.m; row += part_rows) {
    products.multiply(
        {{},
         std::min(part_rows, sum.m - row),
         sum.k,
         packed.data(),
         sum.n,
         kInit,
         nullptr,
         out.data() + row * sum.n,
         sum.n,
         scratch.data(),
         packed_left.data() + products.left_size(sum.k, row)});
  }
  return out;
}

void expect_same_in_pieces(const Products& products) {
  for (const auto& [m, k, n] :
       {std::array<int64_t, 3>{1, 1, 1},
        {5, 7, 3},
        {100, 61, 70},
        {48, 96, 32},
        {97, 433, 40}}) {
    const SumOverTerms sum(m, k, n);
    const auto whole = multiply_whole(sum, products);
    for (const int64_t piece : {2, 48, 1000}) {
      for (const int64_t part_rows : {48, 96, 1000}) {
        ASSERT_EQ(multiply_in_pieces(sum, products, piece, part_rows), whole)
            << m << " x " << k << " x " << n << " by " << piece << ", "
            << part_rows;
      }
    }
  }
}

TEST(Products, OfTermsThatComeInPiecesAreThoseOfTheWhole) {
  for_each_level([] {
    expect_same_in_pieces(float32_products);
    expect_same_in_pieces(bf16_products());
  });
}

}  // namespace
}  // namespace nadir::kernels
