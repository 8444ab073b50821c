#include "search/nearest_of_many.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "kernels/dot.h"
#include "kernels/int16_gemm.h"
#include "search/candidates.h"

namespace nadir::search {
namespace {

// Rows of length 1, or of 0 where they are nothing.
struct Rows {
  int64_t width = 0;
  std::vector<float> values;

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(values.size()) / width;
  }

  [[nodiscard]] Vectors vectors() const {
    return {values.data(), size(), width};
  }

  void append(const Rows& other) {
    values.insert(values.end(), other.values.begin(), other.values.end());
  }
};

Rows zero_rows(int64_t size, int64_t width) {
  return {width, std::vector<float>(static_cast<size_t>(size * width))};
}

// `spread` away from one direction; without it anywhere.
Rows random_rows(
    int64_t size, int64_t width, uint64_t seed, double spread = -1) {
  RandomStream around(99, StreamPurpose::kTest);
  std::vector<double> centre(static_cast<size_t>(width));
  for (double& value : centre) {
    value = spread < 0 ? 0 : around.normal() / spread;
  }
  RandomStream random(seed, StreamPurpose::kTest);
  Rows rows{width, {}};
  for (int64_t i = 0; i < size; ++i) {
    std::vector<double> row = centre;
    double squares = 0;
    for (double& value : row) {
      value += random.normal();
      squares += value * value;
    }
    for (const double value : row) {
      rows.values.push_back(static_cast<float>(value / std::sqrt(squares)));
    }
  }
  return rows;
}

double exact_product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * b[i];
  }
  return sum;
}

// Those of float64 but for what float32 rounds, in order.
void expect_nearest(const Rows& all, const Rows& queries, int64_t count) {
  const double rounding = 2 * kernels::dot_error(all.width);
  const auto nearest =
      NearestOfMany(all.vectors(), 2).find(queries.vectors(), count);
  ASSERT_EQ(static_cast<int64_t>(nearest.size()), queries.size());
  for (int64_t m = 0; m < queries.size(); ++m) {
    const auto query = queries.vectors().row(m);
    std::vector<double> exact;
    for (int64_t n = 0; n < all.size(); ++n) {
      exact.push_back(exact_product(query, all.vectors().row(n)));
    }
    auto sorted = exact;
    std::sort(sorted.rbegin(), sorted.rend());
    const double last = sorted[static_cast<size_t>(count - 1)];
    const auto& found = nearest[static_cast<size_t>(m)];
    ASSERT_EQ(static_cast<int64_t>(found.size()), count);
    std::vector<bool> is_found(exact.size());
    for (size_t i = 0; i < found.size(); ++i) {
      const auto row = static_cast<size_t>(found[i].row);
      ASSERT_NEAR(found[i].similarity, exact[row], rounding);
      ASSERT_GE(exact[row], last - rounding);
      ASSERT_FALSE(is_found[row]);
      is_found[row] = true;
      ASSERT_TRUE(i == 0 || found[i - 1] < found[i]);
    }
    for (size_t n = 0; n < exact.size(); ++n) {
      ASSERT_TRUE(is_found[n] || exact[n] <= last + rounding) << n;
    }
  }
}

TEST(NearestOfMany, AreThoseOfFloat32ForAnyShape) {
  for (const int64_t width : {1, 2, 7, 64}) {
    for (const int64_t size : {1, 49, 5000}) {
      for (const int64_t num_queries : {1, 33}) {
        SCOPED_TRACE(
            testing::Message()
            << num_queries << " in " << size << " of " << width);
        expect_nearest(
            random_rows(size, width, 1),
            random_rows(num_queries, width, 2),
            std::min<int64_t>(size, 20));
      }
    }
  }
}

TEST(NearestOfMany, AreThoseOfFloat32HoweverAlikeAllAre) {
  for (const double spread : {0.3, 0.01, 1e-4, 1e-7}) {
    SCOPED_TRACE(spread);
    expect_nearest(
        random_rows(6000, 48, 1, spread), random_rows(20, 48, 2, spread), 30);
  }
}

// It makes 16 bits coarse for the others.
TEST(NearestOfMany, AreThoseOfFloat32BesideOneThatIsFarAway) {
  auto all = random_rows(6000, 48, 1, 1e-3);
  for (int64_t t = 0; t < 48; ++t) {
    all.values[static_cast<size_t>(17 * 48 + t)] *= -1;
  }
  expect_nearest(all, random_rows(20, 48, 2, 1e-3), 30);
}

TEST(NearestOfMany, AreTheFirstOfManyThatAreEqual) {
  const auto few = random_rows(60, 8, 1);
  Rows all{8, {}};
  for (int i = 0; i < 100; ++i) {
    all.append(few);
  }
  all.append(zero_rows(300, 8));
  const auto nearest = NearestOfMany(all.vectors(), 1).find(few.vectors(), 150);
  for (int64_t m = 0; m < 60; ++m) {
    for (int64_t i = 0; i < 100; ++i) {
      ASSERT_EQ(
          nearest[static_cast<size_t>(m)][static_cast<size_t>(i)].row,
          m + 60 * i);
    }
  }
  expect_nearest(all, zero_rows(2, 8), 150);

  auto equal = zero_rows(5000, 8);
  for (size_t i = 3; i < equal.values.size(); i += 8) {
    equal.values[i] = 1;
  }
  for (const Rows& rows : {zero_rows(5000, 8), equal}) {
    const auto first = NearestOfMany(rows.vectors(), 1).find(few.vectors(), 7);
    for (int64_t i = 0; i < 7; ++i) {
      ASSERT_EQ(first[3][static_cast<size_t>(i)].row, i);
    }
  }
}

TEST(NearestOfMany, OfAllComeInOrder) {
  expect_nearest(random_rows(777, 9, 1), random_rows(5, 9, 2), 777);
}

TEST(NearestOfMany, AskBeforeBlocksWhetherToGoOn) {
  const auto rows = random_rows(100, 8, 1);
  const NearestOfMany nearest(rows.vectors(), 1);
  EXPECT_THROW(
      (void)nearest.find(
          rows.vectors(), 1, [] { throw std::runtime_error("stop"); }),
      std::runtime_error);
}

TEST(FixedPoint, ProductsAreAsNearAsTheirErrorSays) {
  for (const double spread : {-1.0, 0.01}) {
    constexpr int64_t kOddWidth = 383;
    const auto all = random_rows(300, kOddWidth, 1, spread);
    const auto queries = random_rows(40, kOddWidth, 2);
    const auto centre = all.vectors().row(0);
    const auto fixed = to_fixed_point(all.vectors(), centre, 2);
    const auto fixed_queries =
        to_fixed_point(queries.vectors(), std::vector<float>(kOddWidth), 1);
    std::vector<int32_t> products(300 * 40);
    kernels::reference::int16_gemm(
        {fixed.row(0),
         300,
         kOddWidth,
         fixed_queries.row(0),
         40,
         products.data()});
    const double units = fixed.scale * fixed_queries.scale;
    const double error = product_error(fixed_queries, fixed, kOddWidth);
    double largest = 0;
    for (int64_t n = 0; n < 300; ++n) {
      for (int64_t m = 0; m < 40; ++m) {
        const auto query = queries.vectors().row(m);
        const double exact = exact_product(query, all.vectors().row(n)) -
                             exact_product(query, centre);
        largest = std::max(
            largest,
            std::abs(
                products[static_cast<size_t>(n * 40 + m)] - units * exact));
      }
    }
    EXPECT_LE(largest, error);
    // Not so wide that nothing could be told apart: of cosines.
    EXPECT_LE(error / units, 4e-4 * fixed.longest + 1e-5);
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
}  // namespace nadir::search
