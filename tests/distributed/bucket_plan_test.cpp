#include "distributed/bucket_plan.h"

#include <gtest/gtest.h>

namespace nadir::distributed {
namespace {

using Buckets = std::vector<std::vector<size_t>>;

TEST(PlanBuckets, GoesFromTheLastParameterToTheFirst) {
  EXPECT_EQ(plan_buckets({1, 1, 1, 1}, 2), (Buckets{{3, 2}, {1, 0}}));
  EXPECT_EQ(plan_buckets({1, 1, 1}, 2), (Buckets{{2, 1}, {0}}));
}

TEST(PlanBuckets, ALargeParameterOverfillsItsBucket) {
  EXPECT_EQ(plan_buckets({1, 9, 1}, 4), (Buckets{{2, 1}, {0}}));
  EXPECT_EQ(plan_buckets({9, 9}, 1), (Buckets{{1}, {0}}));
}

TEST(PlanBuckets, NothingMakesNoBucket) {
  EXPECT_TRUE(plan_buckets({}).empty());
}

}  // namespace
}  // namespace nadir::distributed
