#include "scaling/scaling_model.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "scaling/straggler.h"

namespace nadir::scaling {
namespace {

const Algorithm kEveryAlgorithm[] = {
    Algorithm::kRing, Algorithm::kTree, Algorithm::kHierarchical};

// 100 MB in four buckets of a step of 0.2 s.
ScalingInput input_of() {
  ScalingInput input;
  input.timeline.forward_s = 0.07;
  input.timeline.backward_s = 0.12;
  input.timeline.update_s = 0.01;
  for (const double ready_s : {0.03, 0.06, 0.09, 0.12}) {
    input.timeline.buckets.push_back({2.5e7, ready_s, 0, 0});
  }
  input.timeline.late_sums_bytes = {4 * 65536, 40};
  input.images_per_gpu = 64;
  input.network.inside = {3e11, 5e-6};
  input.network.between = {1.25e10, 2e-5};
  return input;
}

TEST(Predict, OneBucketWithoutOverlapHasTheClosedForm) {
  auto input = input_of();
  input.timeline.buckets = {{1e8, 0.12, 0, 0}};
  input.timeline.late_sums_bytes.clear();
  input.network.gpus_per_host = 1;
  for (const int64_t num_gpus : {2, 8, 64}) {
    const auto n = static_cast<double>(num_gpus);
    const auto prediction = predict(input, Algorithm::kRing, num_gpus);
    EXPECT_NEAR(
        prediction.step_s,
        0.2 + 2 * (n - 1) / n * 1e8 / 1.25e10 + 2 * (n - 1) * 2e-5,
        1e-12);
    EXPECT_NEAR(prediction.efficiency, 0.2 / prediction.step_s, 1e-12);
    EXPECT_NEAR(prediction.images_per_s, n * 64 / prediction.step_s, 1e-9);
  }
}

TEST(Predict, ANetworkWithoutEndIsNotFelt) {
  auto input = input_of();
  input.network.inside = {1e30, 0};
  input.network.between = {1e30, 0};
  for (const auto algorithm : kEveryAlgorithm) {
    const auto prediction = predict(input, algorithm, 512);
    EXPECT_NEAR(prediction.efficiency, 1, 1e-9);
    EXPECT_EQ(prediction.limit, Limit::kCompute);
  }
}

TEST(Predict, OneGpuWaitsForNobody) {
  auto input = input_of();
  input.step_spread = 0.1;
  EXPECT_NEAR(predict(input, Algorithm::kRing, 1).efficiency, 1, 1e-12);
}

TEST(Predict, EfficiencyFallsWithGpusAndRisesWithBandwidth) {
  for (const auto algorithm : kEveryAlgorithm) {
    SCOPED_TRACE(name_of(algorithm));
    auto input = input_of();
    input.step_spread = 0.02;
    double last = 1;
    for (int64_t num_gpus = 8; num_gpus <= 512; num_gpus *= 2) {
      const double efficiency = predict(input, algorithm, num_gpus).efficiency;
      EXPECT_LT(efficiency, last) << num_gpus;
      last = efficiency;
    }
    input.network.between.bytes_per_s *= 4;
    EXPECT_GT(predict(input, algorithm, 512).efficiency, last);
  }
}

TEST(Predict, TheSlowestOfManyIsAsLateAsExpected) {
  auto input = input_of();
  input.timeline.buckets.clear();
  input.timeline.late_sums_bytes.clear();
  input.step_spread = 0.05;
  const auto prediction = predict(input, Algorithm::kRing, 64);
  EXPECT_NEAR(
      prediction.step_s,
      0.19 * (1 + 0.05 * expected_largest_normal(64)) + 0.01,
      1e-12);
  EXPECT_EQ(prediction.limit, Limit::kStragglers);
}

TEST(Predict, ASlowLoaderSetsThePaceOfItsHost) {
  auto input = input_of();
  input.loader_images_per_s = 1000;  // 8 x 64 images take 0.512 s
  const auto prediction = predict(input, Algorithm::kRing, 64);
  EXPECT_NEAR(prediction.step_s, 0.512, 1e-12);
  EXPECT_NEAR(prediction.images_per_s, 8000, 1e-6);
  EXPECT_EQ(prediction.limit, Limit::kData);
  // As many as are needed: no wait.
  input.loader_images_per_s = prediction.loader_images_per_s * 1.001;
  EXPECT_EQ(predict(input, Algorithm::kRing, 64).data_wait_s, 0);
}

TEST(Predict, ASlowNetworkIsNamed) {
  auto input = input_of();
  input.network.between.bytes_per_s = 1e8;
  EXPECT_EQ(predict(input, Algorithm::kRing, 16).limit, Limit::kNetwork);
}

TEST(Predict, RefusesStepsWithoutTimeOrImages) {
  auto input = input_of();
  input.images_per_gpu = 0;
  EXPECT_THROW((void)predict(input, Algorithm::kRing, 8), Error);
  input = input_of();
  input.timeline = {};
  EXPECT_THROW((void)predict(input, Algorithm::kRing, 8), Error);
  input = input_of();
  input.step_spread = -0.1;
  EXPECT_THROW((void)predict(input, Algorithm::kRing, 8), Error);
}

}  // namespace
}  // namespace nadir::scaling
