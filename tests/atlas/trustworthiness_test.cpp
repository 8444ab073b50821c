#include "atlas/trustworthiness.h"

#include <numbers>

#include <gtest/gtest.h>

#include "atlas/clusters.h"
#include "core/error.h"

namespace nadir::atlas {
namespace {

// On a circle, `size` points by their angles.
std::vector<float> circle(int64_t size) {
  std::vector<float> values;
  for (int64_t i = 0; i < size; ++i) {
    const double angle =
        2 * std::numbers::pi * static_cast<double>(i * i) / 1000.0;
    values.push_back(static_cast<float>(std::cos(angle)));
    values.push_back(static_cast<float>(std::sin(angle)));
  }
  return values;
}

TEST(Trustworthiness, IsOneWhereThePlaneShowsThings) {
  const auto values = circle(31);
  EXPECT_EQ(trustworthiness({values.data(), 31, 2}, values, 5, 31, 2), 1.0);
}

TEST(Trustworthiness, CountsByHowMuchRanksAreOff) {
  // Four directions; the plane puts the farthest one beside the first.
  const std::vector<float> vectors = {1, 0, .8F, .6F, 0, 1, -.6F, .8F, -1, 0};
  const std::vector<float> places = {0, 0, 10, 0, 20, 0, 30, 0, 1, 0};
  // Excess of the nearest one: of row 0 it is row 4, the 4th: 3. Of row 1 row 4
  // (the 4th, at 9 beside 10): 3. Row 2 has row 1 at 10, row 3 at 10: the
  // first, whose cosine is 0.6 beside row 3's 0.8: 1. Row 3 has row 2: 0. Row 4
  // has row 0, the last: 3.
  const double expected = 1 - 2.0 / (5 * 1 * (2 * 5 - 3 * 1 - 1)) * 10;
  const auto found = trustworthiness({vectors.data(), 5, 2}, places, 1, 5, 1);
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(*found, expected, 1e-12);
}

TEST(Trustworthiness, OfPlacesAtRandomIsAboutAHalf) {
  const auto clusters = make_clusters(2000, 16, 10, 0.3);
  RandomStream random(3, StreamPurpose::kTest);
  std::vector<float> places;
  for (int i = 0; i < 4000; ++i) {
    places.push_back(static_cast<float>(random.uniform()));
  }
  const auto all = trustworthiness(clusters.vectors(), places, 15, 2000, 2);
  EXPECT_NEAR(*all, 0.5, 0.02);
  // Some of them stand for all, whatever the threads.
  const auto some = trustworthiness(clusters.vectors(), places, 15, 500, 2);
  EXPECT_NEAR(*some, *all, 0.02);
  EXPECT_EQ(some, trustworthiness(clusters.vectors(), places, 15, 500, 1));
}

TEST(Trustworthiness, IsNotDefinedForHalfOfTheImages) {
  const auto values = circle(10);
  const search::Vectors vectors{values.data(), 10, 2};
  EXPECT_EQ(trustworthiness(vectors, values, 5, 10, 1), std::nullopt);
  EXPECT_TRUE(trustworthiness(vectors, values, 4, 10, 1).has_value());
  EXPECT_THROW(
      static_cast<void>(trustworthiness(vectors, values, 0, 10, 1)), Error);
}

}  // namespace
}  // namespace nadir::atlas
