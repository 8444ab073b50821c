#include "data/statistics.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "data/band_stack.h"
#include "data/dataset.h"
#include "data/fixtures.h"

namespace nadir::data {
namespace {

// numpy.percentile with its default, linear interpolation.
double sorted_percentile(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  const double at = percent / 100 * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<size_t>(at);
  const size_t upper = std::min(lower + 1, values.size() - 1);
  return values[lower] +
         (at - static_cast<double>(lower)) * (values[upper] - values[lower]);
}

template <class T>
void expect_figures(double tolerance) {
  RandomStream random(3, StreamPurpose::kTest);
  raster::Image image(1, 37, 41, raster::pixel_type_of<T>());
  std::vector<double> values;
  for (auto& pixel : image.band<T>(0)) {
    pixel = static_cast<T>(100 + 30 * random.normal());
    values.push_back(static_cast<double>(pixel));
  }
  BandCounter counter;
  counter.add(view_of(image, 0, "x"));
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) {
    squares += (value - mean) * (value - mean);
  }
  EXPECT_NEAR(counter.mean(), mean, 1e-9);
  EXPECT_NEAR(
      counter.std(),
      std::sqrt(squares / static_cast<double>(values.size())),
      1e-6);
  EXPECT_EQ(counter.min(), *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(counter.max(), *std::max_element(values.begin(), values.end()));
  for (const double percent : {2.0, 50.0, 98.0}) {
    const double expected = sorted_percentile(values, percent);
    EXPECT_NEAR(
        counter.percentile(percent), expected, tolerance * expected + 1e-9);
  }
}

TEST(BandCounter, EqualsASortForEveryType) {
  expect_figures<uint8_t>(0);
  expect_figures<uint16_t>(0);
  expect_figures<int16_t>(0);
  expect_figures<float>(1.0 / 128);
}

TEST(BandCounter, HandlesNegativeDecibels) {
  const auto image = telling_image<float>(1, 2, 2, -20);  // -20 -19 -10 -9
  BandCounter counter;
  counter.add(view_of(image, 0, "VV"));
  EXPECT_DOUBLE_EQ(counter.mean(), -14.5);
  EXPECT_EQ(counter.min(), -20);
  EXPECT_NEAR(counter.percentile(100), -9, 0.1);
}

TEST(BandCounter, MergesToTheSameFigures) {
  const auto a = telling_image<uint16_t>(1, 5, 5, 3);
  const auto b = telling_image<uint16_t>(1, 6, 5, 300);
  BandCounter both;
  both.add(view_of(a, 0, "x"));
  both.add(view_of(b, 0, "x"));
  BandCounter first;
  first.add(view_of(a, 0, "x"));
  BandCounter second;
  second.add(view_of(b, 0, "x"));
  second.merge(first);
  EXPECT_EQ(second.mean(), both.mean());
  EXPECT_EQ(second.std(), both.std());
  EXPECT_EQ(second.percentile(37), both.percentile(37));
  BandCounter other_type;
  const auto bytes = telling_image<uint8_t>(1, 2, 2);
  EXPECT_NE(
      error_of([&] { first.add(view_of(bytes, 0, "x")); }).find("band x"),
      std::string::npos);
}

TEST(MeasureDataset, CountsLabelsAndPixels) {
  const TemporaryFolder folder;
  make_png(folder.path() / "train" / "a" / "1.png", 3, 0);
  make_png(folder.path() / "train" / "b" / "2.png", 3, 2);
  make_png(folder.path() / "test" / "b" / "3.png", 3, 4);
  DatasetOptions options;
  options.data = folder.path().string();
  const auto dataset = open_dataset(options);
  const auto statistics = measure_dataset(*dataset, 0, 2);
  EXPECT_EQ(statistics.num_measured, 3);
  EXPECT_EQ(statistics.images.at("all"), 3);
  EXPECT_EQ(statistics.images.at("train"), 2);
  EXPECT_EQ(statistics.labels.at("all"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(statistics.labels.at("test"), (std::vector<int64_t>{0, 1}));
  EXPECT_DOUBLE_EQ(statistics.bands.mean[1], 100 + 15 + 2 + 2);
  EXPECT_EQ(statistics.bands.max[2], 200 + 34 + 4);
}

}  // namespace
}  // namespace nadir::data
