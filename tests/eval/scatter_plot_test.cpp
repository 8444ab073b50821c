#include "eval/scatter_plot.h"

#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::eval {
namespace {

using Pixel = std::tuple<int, int, int>;

Pixel pixel(const raster::Image& picture, int64_t row, int64_t col) {
  const int64_t at = row * picture.width() + col;
  return {
      picture.band<uint8_t>(0)[at],
      picture.band<uint8_t>(1)[at],
      picture.band<uint8_t>(2)[at]};
}

// Colours left of the legend and below the title, white apart.
std::set<Pixel> plot_colours(const raster::Image& picture, int64_t side_px) {
  std::set<Pixel> colours;
  for (int64_t r = picture.height() - side_px; r < picture.height(); ++r) {
    for (int64_t c = 0; c < side_px; ++c) {
      colours.insert(pixel(picture, r, c));
    }
  }
  colours.erase({255, 255, 255});
  return colours;
}

TEST(ScatterPlot, PutsPointsWhereTheyLieWithYUpwards) {
  const std::vector<float> places = {0, 0, 10, 0, 0, 10};
  const auto picture = scatter_plot("three", places, {}, 200);
  EXPECT_EQ(picture.width(), 200);
  const int64_t top = picture.height() - 200;
  const Pixel white = {255, 255, 255};
  EXPECT_NE(pixel(picture, top + 184, 16), white);
  EXPECT_NE(pixel(picture, top + 184, 184), white);
  EXPECT_NE(pixel(picture, top + 16, 16), white);
  EXPECT_EQ(pixel(picture, top + 16, 184), white);
  EXPECT_EQ(pixel(picture, top + 100, 100), white);
}

TEST(ScatterPlot, GivesTheLargestGroupsColoursAndTheRestGrey) {
  std::vector<float> places;
  ImageGroups groups;
  for (int64_t i = 0; i < 10; ++i) {
    places.push_back(static_cast<float>(i));
    places.push_back(0);
    groups.group_of.push_back(i < 9 ? i : -1);
    groups.names.push_back("group " + std::to_string(i));
    groups.sizes.push_back(1);
  }
  const auto picture = scatter_plot("ten", places, groups, 300);
  EXPECT_GT(picture.width(), 300);
  const auto colours = plot_colours(picture, 300);
  EXPECT_EQ(colours.size(), kPlotColours + 1);
  EXPECT_TRUE(colours.contains({0xBB, 0xBB, 0xBB}));
}

TEST(ScatterPlot, DrawsOnePlaceAndRefusesOtherGroups) {
  const std::vector<float> places = {3, 3, 3, 3};
  EXPECT_EQ(plot_colours(scatter_plot("one", places, {}, 100), 100).size(), 1U);
  ImageGroups groups;
  groups.group_of = {0};
  EXPECT_THROW(
      static_cast<void>(scatter_plot("bad", places, groups, 100)), Error);
}

}  // namespace
}  // namespace nadir::eval
