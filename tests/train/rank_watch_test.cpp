#include "train/rank_watch.h"

#include <gtest/gtest.h>

namespace nadir::train {
namespace {

const std::vector<std::string> kHosts = {"a", "a", "b", "b"};

// The warning after `count` equal steps, and how many there were.
std::pair<std::string, int> warnings_of(
    RankWatch& watch, const std::vector<double>& compute_s, int count) {
  std::string last;
  int num_warnings = 0;
  for (int i = 0; i < count; ++i) {
    const auto warning = watch.add(compute_s, kHosts);
    if (!warning.empty()) {
      last = warning;
      ++num_warnings;
    }
  }
  return {last, num_warnings};
}

TEST(RankWatch, NamesARankThatAllWaitForOnce) {
  RankWatch watch;
  EXPECT_EQ(warnings_of(watch, {1.0, 1.1, 1.0, 2.0}, 4).second, 0);
  const auto [warning, count] = warnings_of(watch, {1.0, 1.1, 1.0, 2.0}, 9);
  EXPECT_EQ(count, 1);
  EXPECT_NE(
      warning.find("rank 3 of 4 on b takes 2.00 s for its part of a step, the "
                   "median rank 1.00 s"),
      std::string::npos)
      << warning;
}

TEST(RankWatch, SaysNothingOfMomentsOrSmallDifferences) {
  RankWatch watch;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(warnings_of(watch, {1.0, 1.1, 1.0, 2.0}, 4).second, 0);
    EXPECT_EQ(warnings_of(watch, {1.0, 1.1, 1.4, 1.0}, 4).second, 0);
    EXPECT_EQ(warnings_of(watch, {3.0, 1.1, 1.0, 1.0}, 4).second, 0);
  }
}

}  // namespace
}  // namespace nadir::train
