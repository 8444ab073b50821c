#include "report/axis.h"

#include <cmath>

#include <gtest/gtest.h>

namespace nadir::report {
namespace {

std::vector<std::string> labels_of(const Axis& axis) {
  std::vector<std::string> labels;
  for (const double tick : axis.ticks) {
    labels.push_back(axis.label(tick));
  }
  return labels;
}

TEST(Axis, TicksAreRoundAndInside) {
  EXPECT_EQ(
      labels_of(make_axis(0, 1, 5)),
      (std::vector<std::string>{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(
      labels_of(make_axis(3.1, 8.4, 5)),
      (std::vector<std::string>{"4", "6", "8"}));
  EXPECT_EQ(
      labels_of(make_axis(-0.5, 0.5, 4)),
      (std::vector<std::string>{"-0.5", "0", "0.5"}));
}

TEST(Axis, LargeAndSmallNumbersStayShort) {
  EXPECT_EQ(
      labels_of(make_axis(0, 30000, 3)),
      (std::vector<std::string>{"0", "10k", "20k", "30k"}));
  EXPECT_EQ(
      labels_of(make_axis(0, 4e9, 2)),
      (std::vector<std::string>{"0", "2G", "4G"}));
  EXPECT_EQ(
      labels_of(make_axis(0, 5e-6, 2)),
      (std::vector<std::string>{"0", "5e-06"}));
}

TEST(Axis, AnEmptyRangeIsWidened) {
  for (const double value : {0.0, 5.0, -3.0, 1e-12, 1e12}) {
    const Axis axis = make_axis(value, value, 5);
    EXPECT_LT(axis.low, axis.high) << value;
    EXPECT_GE(axis.ticks.size(), 2U) << value;
    EXPECT_LE(axis.ticks.size(), 12U) << value;
    EXPECT_TRUE(std::isfinite(axis.place(value)));
  }
}

}  // namespace
}  // namespace nadir::report
