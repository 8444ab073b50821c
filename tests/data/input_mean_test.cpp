#include "data/input_mean.h"

#include <numeric>

#include <gtest/gtest.h>

#include "support/tile_dataset.h"

namespace nadir::data {
namespace {

Normalization eight_bit_colour(const TileDataset& tiles) {
  Normalization normalization;
  normalization.name = "test";
  normalization.bands = tiles.bands();
  normalization.low.assign(3, 0);
  normalization.high.assign(3, 255);
  normalization.mean = {0.5, 0.25, 0};
  normalization.std = {0.5, 0.2, 1};
  return normalization;
}

// Over the tiles `included`, pixel by pixel.
std::vector<double> expected_mean(
    const TileDataset& tiles,
    const Normalization& normalization,
    const std::vector<int64_t>& included) {
  std::vector<double> means(3, 0);
  for (const int64_t tile : included) {
    const auto unit = normalization.to_unit(tiles.read(tile));
    for (size_t b = 0; b < 3; ++b) {
      const auto pixels = unit.band<uint8_t>(static_cast<int64_t>(b));
      double sum = 0;
      for (const uint8_t pixel : pixels) {
        sum += (pixel / 255.0 - normalization.mean[b]) / normalization.std[b];
      }
      means[b] += sum / static_cast<double>(pixels.size() * included.size());
    }
  }
  return means;
}

TEST(InputMean, IsThatOfTheNetworksNumbers) {
  const TileDataset tiles(5);
  const auto normalization = eight_bit_colour(tiles);
  const auto mean = measure_input_mean(tiles, normalization);
  const auto expected = expected_mean(tiles, normalization, {0, 1, 2, 3, 4});
  ASSERT_EQ(mean.size(), 3U);
  for (size_t b = 0; b < 3; ++b) {
    EXPECT_NEAR(mean[b], expected[b], 1e-9);
  }
}

TEST(InputMean, LeavesOutWhatCannotBeRead) {
  TileDataset tiles(4);
  tiles.damage({1, 2});
  const auto normalization = eight_bit_colour(tiles);
  const auto mean = measure_input_mean(tiles, normalization);
  const auto expected = expected_mean(tiles, normalization, {0, 3});
  ASSERT_EQ(mean.size(), 3U);
  EXPECT_NEAR(mean[0], expected[0], 1e-9);
  tiles.damage({0, 1, 2, 3});
  EXPECT_TRUE(measure_input_mean(tiles, normalization).empty());
}

TEST(InputMean, TakesAFewImagesOfMany) {
  TileDataset tiles(640);
  const auto normalization = eight_bit_colour(tiles);
  std::set<int64_t> others;
  std::vector<int64_t> every_tenth;
  for (int64_t i = 0; i < tiles.size(); ++i) {
    if (i % 10 == 0) {
      every_tenth.push_back(i);
    } else {
      others.insert(i);
    }
  }
  const auto expected = expected_mean(tiles, normalization, every_tenth);
  tiles.damage(others);  // they are not asked for
  EXPECT_NEAR(measure_input_mean(tiles, normalization)[1], expected[1], 1e-9);
}

}  // namespace
}  // namespace nadir::data
