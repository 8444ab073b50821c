#include "eval/nearest.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "eval/candidates.h"
#include "kernels/dot.h"
#include "kernels/int16_gemm.h"

namespace nadir::eval {
namespace {

at::Tensor random_rows(int64_t count, int64_t dim, uint64_t seed) {
  return at::randn({count, dim}, at::detail::createCPUGenerator(seed));
}

at::Tensor unit(const at::Tensor& rows_ND) {
  return (rows_ND / rows_ND.norm(2, {1}, true).clamp_min(1e-12)).contiguous();
}

// Around one direction, so that all cosines are near 1.
at::Tensor tight_rows(
    int64_t count, int64_t dim, double spread, uint64_t seed) {
  return unit(random_rows(1, dim, 99) + spread * random_rows(count, dim, seed));
}

// Those of float64 but for what float32 rounds, in order; equal rows by their
// index.
void expect_nearest(
    const at::Tensor& train_ND, const at::Tensor& test_MD, int64_t k) {
  const double rounding = 2 * kernels::dot_error(2 * train_ND.size(1));
  const auto nearest = NearestImages(train_ND).find(test_MD, k);
  const auto exact_MN =
      test_MD.to(at::kDouble).mm(train_ND.to(at::kDouble).t());
  ASSERT_EQ(static_cast<int64_t>(nearest.size()), test_MD.size(0));
  for (int64_t m = 0; m < test_MD.size(0); ++m) {
    const auto kth = std::get<0>(exact_MN[m].topk(k)).min().item<double>();
    const auto& found = nearest[static_cast<size_t>(m)];
    ASSERT_EQ(static_cast<int64_t>(found.size()), k);
    std::vector<bool> is_found(static_cast<size_t>(train_ND.size(0)));
    for (size_t i = 0; i < found.size(); ++i) {
      const auto exact = exact_MN[m][found[i].index].item<double>();
      ASSERT_NEAR(found[i].similarity, exact, rounding);
      ASSERT_GE(exact, kth - rounding);
      ASSERT_FALSE(is_found[static_cast<size_t>(found[i].index)]);
      is_found[static_cast<size_t>(found[i].index)] = true;
      if (i > 0) {
        ASSERT_LT(found[i - 1], found[i]);
      }
    }
    for (int64_t n = 0; n < train_ND.size(0); ++n) {
      if (!is_found[static_cast<size_t>(n)]) {
        ASSERT_LE(exact_MN[m][n].item<double>(), kth + rounding);
      }
    }
  }
}

TEST(NearestImages, AreThoseOfFloat32ForAnyShape) {
  for (const int64_t dim : {1, 2, 7, 64}) {
    for (const int64_t num_train : {1, 49, 5000}) {
      for (const int64_t num_test : {1, 33}) {
        SCOPED_TRACE(
            testing::Message()
            << num_train << " and " << num_test << " of " << dim);
        expect_nearest(
            unit(random_rows(num_train, dim, 1)),
            unit(random_rows(num_test, dim, 2)),
            std::min<int64_t>(num_train, 20));
      }
    }
  }
}

TEST(NearestImages, AreThoseOfFloat32HoweverAlikeAllAre) {
  for (const double spread : {0.3, 0.01, 1e-4, 1e-7}) {
    SCOPED_TRACE(spread);
    expect_nearest(
        tight_rows(6000, 48, spread, 1), tight_rows(20, 48, spread, 2), 30);
  }
}

// One that is far from all others makes 16 bits coarse for those.
TEST(NearestImages, AreThoseOfFloat32BesideOneThatIsFarAway) {
  auto train_ND = tight_rows(6000, 48, 1e-3, 1);
  train_ND[17] = -train_ND[17];
  expect_nearest(train_ND, tight_rows(20, 48, 1e-3, 2), 30);
}

TEST(NearestImages, AreThoseOfLowestIndexWhereManyAreEqual) {
  const auto few_ND = unit(random_rows(60, 8, 1));
  const auto train_ND = at::cat({few_ND.repeat({100, 1}), at::zeros({300, 8})});
  // Of each of the 60 the first of its hundred come before the last.
  const auto nearest = NearestImages(train_ND).find(few_ND, 150);
  for (int64_t m = 0; m < 60; ++m) {
    const auto& found = nearest[static_cast<size_t>(m)];
    for (int64_t i = 0; i < 100; ++i) {
      ASSERT_EQ(found[static_cast<size_t>(i)].index, m + 60 * i);
    }
  }
  for (const auto& equal :
       {at::zeros({5000, 8}), few_ND[0].repeat({5000, 1})}) {
    const auto first = NearestImages(equal).find(few_ND, 7);
    for (int32_t i = 0; i < 7; ++i) {
      ASSERT_EQ(first[3][static_cast<size_t>(i)].index, i);
    }
  }
  expect_nearest(train_ND, at::zeros({2, 8}), 150);
}

TEST(NearestImages, OfAllComeInOrder) {
  expect_nearest(unit(random_rows(777, 9, 1)), unit(random_rows(5, 9, 2)), 777);
}

TEST(NearestImages, AskBeforeBlocksWhetherToGoOn) {
  const auto rows_ND = unit(random_rows(100, 8, 1));
  EXPECT_THROW(
      (void)NearestImages(rows_ND).find(
          rows_ND, 1, [] { throw std::runtime_error("stop"); }),
      std::runtime_error);
}

TEST(FixedPoint, ProductsAreAsNearAsTheirErrorSays) {
  for (const double spread : {1.0, 0.01}) {
    const int64_t dim = 383;
    const auto train_ND = tight_rows(300, dim, spread, 1);
    const auto test_MD = unit(random_rows(40, dim, 2));
    const auto centre_D = train_ND.mean(0);
    const auto train = to_fixed_point(train_ND, centre_D);
    const auto test = to_fixed_point(test_MD, at::zeros({dim}));
    std::vector<int32_t> products(300 * 40);
    kernels::reference::int16_gemm(
        train.row(0), 300, dim, test.row(0), 40, products.data());
    const auto exact_NM =
        (train_ND.to(at::kDouble) - centre_D).mm(test_MD.to(at::kDouble).t()) *
        (train.scale * test.scale);
    const auto off =
        (at::tensor(products).view({300, 40}) - exact_NM).abs().max();
    const double error = product_error(test, train, dim);
    EXPECT_LE(off.item<double>(), error);
    // Not so wide that nothing could be told apart: of cosines.
    EXPECT_LE(error / (train.scale * test.scale), 6e-4 * train.longest + 1e-5);
  }
}

TEST(CandidateList, KeepsAllWithinItsMarginOfTheKthGreatest) {
  CandidateList list({3, 10, 100});
  for (int32_t i = 0; i < 100; ++i) {
    if (i > list.floor()) {
      list.offer(i, i);
    }
  }
  EXPECT_TRUE(list.finish());
  std::vector<int32_t> kept;
  for (const Candidate& one : list.candidates()) {
    kept.push_back(one.product);
  }
  std::sort(kept.begin(), kept.end());
  ASSERT_EQ(kept.size(), 13U);  // 97 is third; 87 .. 99
  EXPECT_EQ(kept.front(), 87);
}

TEST(CandidateList, SaysThatItBeganTooHigh) {
  CandidateList few({3, 0, 100}, 97);
  few.offer(98, 0);
  few.offer(99, 1);
  EXPECT_FALSE(few.finish());
  CandidateList within({3, 5, 100}, 90);
  within.offer(95, 0);
  within.offer(96, 1);
  within.offer(97, 2);  // 90 to 94 may be as near as the third, 95
  EXPECT_FALSE(within.finish());
}

TEST(CandidateList, SaysThatTooManyAreAsNear) {
  CandidateList list({2, 5, 100});
  for (int32_t i = 0; i < 2000 && !list.is_too_long(); ++i) {
    list.offer(i % 4, i);
  }
  EXPECT_TRUE(list.is_too_long());
  EXPECT_EQ(list.floor(), CandidateList::kNone);
}

}  // namespace
}  // namespace nadir::eval
