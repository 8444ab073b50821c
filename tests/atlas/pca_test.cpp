#include "atlas/pca.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "atlas/clusters.h"
#include "core/error.h"

namespace nadir::atlas {
namespace {

// Of `vectors`, in float64 by plain loops.
std::vector<double> covariance(const search::Vectors& vectors) {
  const auto width = static_cast<size_t>(vectors.width);
  std::vector<double> mean(width, 0.0);
  for (int64_t i = 0; i < vectors.size; ++i) {
    for (size_t j = 0; j < width; ++j) {
      mean[j] += vectors.row(i)[j] / static_cast<double>(vectors.size);
    }
  }
  std::vector<double> sums(width * width, 0.0);
  for (int64_t i = 0; i < vectors.size; ++i) {
    const auto row = vectors.row(i);
    for (size_t j = 0; j < width; ++j) {
      for (size_t k = 0; k < width; ++k) {
        sums[j * width + k] += (row[j] - mean[j]) * (row[k] - mean[k]) /
                               static_cast<double>(vectors.size);
      }
    }
  }
  return sums;
}

TEST(PrincipalComponents, AreThoseOfAnEllipse) {
  // Along (3, 4) / 5 twice as long as across.
  const std::vector<float> values = {3, 4, -3, -4, -2, 1.5, 2, -1.5};
  const auto found = principal_components({values.data(), 4, 2}, 2, 1);
  EXPECT_NEAR(found.directions[0], 0.6, 1e-6);
  EXPECT_NEAR(found.directions[1], 0.8, 1e-6);
  EXPECT_NEAR(found.directions[2], 0.8, 1e-6);  // the larger is positive
  EXPECT_NEAR(found.directions[3], -0.6, 1e-6);
  EXPECT_NEAR(found.variances[0], 12.5, 1e-5);
  EXPECT_NEAR(found.variances[1], 3.125, 1e-5);
  EXPECT_NEAR(found.total_variance, 15.625, 1e-5);
}

TEST(PrincipalComponents, SatisfyTheirEquationInFloat64) {
  constexpr int64_t kWidth = 33;
  const auto clusters = make_clusters(1111, kWidth, 7, 0.1);
  const auto expected = covariance(clusters.vectors());
  const auto found = principal_components(clusters.vectors(), 5, 2);
  ASSERT_EQ(found.directions.size(), 5U * kWidth);
  constexpr double kTolerance = 1e-6;  // of products summed in float32
  for (size_t c = 0; c < 5; ++c) {
    const double* const direction = found.directions.data() + c * kWidth;
    for (size_t j = 0; j < kWidth; ++j) {
      double product = 0;
      for (size_t k = 0; k < kWidth; ++k) {
        product += expected[j * kWidth + k] * direction[k];
      }
      EXPECT_NEAR(
          product,
          found.variances[c] * direction[j],
          kTolerance * found.variances[0]);
    }
    if (c > 0) {
      EXPECT_GE(found.variances[c - 1], found.variances[c]);
    }
  }
}

TEST(PrincipalComponents, AreTheSameWhateverTheThreads) {
  const auto clusters = make_clusters(5000, 40, 5, 0.2);
  const auto one = principal_components(clusters.vectors(), 2, 1);
  for (const int threads : {2, 3, 8}) {
    const auto more = principal_components(clusters.vectors(), 2, threads);
    EXPECT_EQ(more.directions, one.directions);
    EXPECT_EQ(
        project(clusters.vectors(), more, threads),
        project(clusters.vectors(), one, 1));
  }
}

TEST(PrincipalComponents, PutVectorsWhereTheirProductsAre) {
  constexpr int64_t kWidth = 70;
  const auto clusters = make_clusters(300, kWidth, 4, 0.1);
  const auto vectors = clusters.vectors();
  const auto components = principal_components(vectors, 3, 1);
  const auto places = project(vectors, components, 2);
  ASSERT_EQ(places.size(), 900U);
  for (const int64_t i : {0, 17, 299}) {
    for (size_t c = 0; c < 3; ++c) {
      double expected = 0;
      for (size_t j = 0; j < kWidth; ++j) {
        expected += (vectors.row(i)[j] - components.mean[j]) *
                    components.directions[c * kWidth + j];
      }
      EXPECT_NEAR(places[static_cast<size_t>(i) * 3 + c], expected, 1e-6);
    }
  }
}

TEST(PrincipalComponents, OfALineLeaveNothingForTheSecond) {
  const std::vector<float> values = {1, 2, 3, 2, 4, 6};
  const auto found = principal_components({values.data(), 2, 3}, 2, 1);
  EXPECT_NEAR(found.variances[0], 3.5, 1e-6);
  EXPECT_NEAR(found.variances[1], 0, 1e-6);
  const std::vector<float> column = {1, 2, 4};
  EXPECT_EQ(principal_components({column.data(), 3, 1}, 2, 1).count, 1);
}

TEST(PrincipalComponents, RefuseWhatHasNone) {
  const auto refuses = [](std::vector<float> values, int64_t width) {
    const auto size = static_cast<int64_t>(values.size()) / width;
    try {
      static_cast<void>(
          principal_components({values.data(), size, width}, 2, 1));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was refused");
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(refuses({1, 2}, 2).find("at least 2"), std::string::npos);
  EXPECT_NE(
      refuses({.1F, .2F, .1F, .2F, .1F, .2F}, 2).find("the same"),
      std::string::npos);
  EXPECT_NE(refuses({1, 2, kNan, 2}, 2).find("finite"), std::string::npos);
  EXPECT_NE(
      refuses(std::vector<float>(2 * 2049, 1), 2049).find("2048"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::atlas
