#include "data/input_mean.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace nadir::data {
namespace {

constexpr int64_t kMostImages = 64;

template <class Pixel>
double mean_of(std::span<const Pixel> pixels) {
  return std::accumulate(pixels.begin(), pixels.end(), 0.0) /
         static_cast<double>(pixels.size());
}

// Of one image, brought to the network's numbers.
std::vector<double> mean_of_bands(
    const raster::Image& unit, const Normalization& normalization) {
  std::vector<double> means;
  for (int64_t band = 0; band < unit.num_bands(); ++band) {
    const auto b = static_cast<size_t>(band);
    const double mean = normalization.quantize
                            ? mean_of(unit.band<uint8_t>(band)) / 255
                            : mean_of(unit.band<float>(band));
    means.push_back((mean - normalization.mean[b]) / normalization.std[b]);
  }
  return means;
}

}  // namespace

std::vector<double> measure_input_mean(
    const Dataset& dataset, const Normalization& normalization) {
  const int64_t count = std::min(kMostImages, dataset.size());
  std::vector<int64_t> images;
  for (int64_t i = 0; i < count; ++i) {
    images.push_back(i * dataset.size() / count);
    dataset.expect(images.back());
  }
  std::vector<double> sums(normalization.mean.size(), 0);
  int64_t num_read = 0;
  for (const int64_t image : images) {
    try {
      const auto means = mean_of_bands(
          normalization.to_unit(dataset.read(image)), normalization);
      if (!std::all_of(means.begin(), means.end(), [](double mean) {
            return std::isfinite(mean);
          })) {
        continue;
      }
      std::transform(
          sums.begin(), sums.end(), means.begin(), sums.begin(), std::plus<>());
      ++num_read;
    } catch (const Error&) {
      // The training names it, where it meets it.
    }
  }
  if (num_read == 0) {
    return {};
  }
  for (double& sum : sums) {
    sum /= static_cast<double>(num_read);
  }
  return sums;
}

}  // namespace nadir::data
