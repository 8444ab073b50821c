#include "data/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "data/band_stack.h"
#include "data/dataset.h"
#include "data/dataset_info.h"

namespace nadir::data {
namespace {

using raster::PixelType;

constexpr size_t kNumBins = 65'536;

// The bin of a value; bins are in the order of values. A float's bin is its
// upper 16 bits, with the sign turned so that larger values have larger bins.
template <class T>
uint16_t bin_of(T value) {
  if constexpr (std::is_same_v<T, float>) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t ordered =
        (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
    return static_cast<uint16_t>(ordered >> 16);
  } else if constexpr (std::is_same_v<T, int16_t>) {
    return static_cast<uint16_t>(value + 32'768);
  } else {
    return value;
  }
}

// The value of a bin; the middle of the values of a float's bin.
double value_of(size_t bin, PixelType type) {
  if (type == PixelType::kInt16) {
    return static_cast<double>(bin) - 32'768;
  }
  if (type != PixelType::kFloat32) {
    return static_cast<double>(bin);
  }
  const auto ordered = static_cast<uint32_t>(bin << 16) | 0x8000U;
  const uint32_t bits =
      (ordered & 0x80000000U) != 0 ? ordered & 0x7FFFFFFFU : ~ordered;
  return static_cast<double>(std::bit_cast<float>(bits));
}

}  // namespace

template <class T>
void BandCounter::add_pixels(const BandView& band) {
  const int64_t num_pixels = band.height * band.width;
  for (int64_t i = 0; i < num_pixels; ++i) {
    T value;
    std::memcpy(
        &value, band.pixels + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    if constexpr (std::is_same_v<T, float>) {
      if (std::isnan(value)) {
        continue;
      }
      const double x = value;
      sum_ += x;
      sum_of_squares_ += x * x;
      min_ = num_pixels_ == 0 ? x : std::min(min_, x);
      max_ = num_pixels_ == 0 ? x : std::max(max_, x);
    }
    ++histogram_[bin_of(value)];
    ++num_pixels_;
  }
}

void BandCounter::add(const BandView& band) {
  if (histogram_.empty()) {
    histogram_.assign(kNumBins, 0);
    type_ = band.type;
  }
  if (band.type != type_) {
    fail(
        ErrorCode::kCorruptData,
        "band {} has pixels of different types in different images",
        band.name);
  }
  switch (type_) {
    case PixelType::kUint8:
      return add_pixels<uint8_t>(band);
    case PixelType::kUint16:
      return add_pixels<uint16_t>(band);
    case PixelType::kInt16:
      return add_pixels<int16_t>(band);
    case PixelType::kFloat32:
      return add_pixels<float>(band);
  }
}

void BandCounter::merge(const BandCounter& other) {
  if (other.histogram_.empty()) {
    return;
  }
  if (histogram_.empty()) {
    *this = other;
    return;
  }
  if (type_ != other.type_) {
    fail(
        ErrorCode::kCorruptData,
        "a band has pixels of different types in different images");
  }
  for (size_t bin = 0; bin < kNumBins; ++bin) {
    histogram_[bin] += other.histogram_[bin];
  }
  if (other.num_pixels_ > 0) {
    min_ = num_pixels_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = num_pixels_ == 0 ? other.max_ : std::max(max_, other.max_);
  }
  num_pixels_ += other.num_pixels_;
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
}

nlohmann::json BandCounter::to_json() const {
  auto bins = nlohmann::json::array();
  for (size_t bin = 0; bin < histogram_.size(); ++bin) {
    if (histogram_[bin] != 0) {
      bins.push_back({bin, histogram_[bin]});
    }
  }
  // Sums as their bits: JSON has no infinity.
  return {
      {"is_counting", !histogram_.empty()},
      {"type", pixel_type_name(type_)},
      {"bins", std::move(bins)},
      {"pixels", num_pixels_},
      {"sum_bits", std::bit_cast<uint64_t>(sum_)},
      {"sum_of_squares_bits", std::bit_cast<uint64_t>(sum_of_squares_)},
      {"min_bits", std::bit_cast<uint64_t>(min_)},
      {"max_bits", std::bit_cast<uint64_t>(max_)}};
}

BandCounter BandCounter::from_json(const nlohmann::json& json) {
  BandCounter counter;
  counter.type_ = pixel_type_from_name(json.at("type").get<std::string>());
  if (json.at("is_counting").get<bool>()) {
    counter.histogram_.assign(kNumBins, 0);
  }
  const auto& bins = json.at("bins");
  for (const auto& bin : bins) {
    const auto at = bin.at(0).get<size_t>();
    if (at >= counter.histogram_.size()) {
      fail(ErrorCode::kCorruptData, "a histogram has no bin {}", at);
    }
    counter.histogram_[at] = bin.at(1).get<int64_t>();
  }
  const auto from_bits = [&](const char* key) {
    return std::bit_cast<double>(json.at(key).get<uint64_t>());
  };
  counter.num_pixels_ = json.at("pixels").get<int64_t>();
  counter.sum_ = from_bits("sum_bits");
  counter.sum_of_squares_ = from_bits("sum_of_squares_bits");
  counter.min_ = from_bits("min_bits");
  counter.max_ = from_bits("max_bits");
  return counter;
}

double BandCounter::mean() const {
  if (type_ == PixelType::kFloat32) {
    return sum_ / static_cast<double>(num_pixels_);
  }
  double sum = 0;  // of integers below 2^53: exact
  for (size_t bin = 0; bin < histogram_.size(); ++bin) {
    sum += static_cast<double>(histogram_[bin]) * value_of(bin, type_);
  }
  return sum / static_cast<double>(num_pixels_);
}

double BandCounter::std() const {
  const double center = mean();
  const auto count = static_cast<double>(num_pixels_);
  if (type_ == PixelType::kFloat32) {
    return std::sqrt(std::max(0.0, sum_of_squares_ / count - center * center));
  }
  double sum = 0;
  for (size_t bin = 0; bin < histogram_.size(); ++bin) {
    const double distance = value_of(bin, type_) - center;
    sum += static_cast<double>(histogram_[bin]) * distance * distance;
  }
  return std::sqrt(sum / count);
}

double BandCounter::min() const {
  return type_ == PixelType::kFloat32 ? min_ : percentile(0);
}

double BandCounter::max() const {
  return type_ == PixelType::kFloat32 ? max_ : percentile(100);
}

double BandCounter::percentile(double percent) const {
  const double position = percent / 100 * static_cast<double>(num_pixels_ - 1);
  const auto lower = static_cast<int64_t>(std::floor(position));
  double lower_value = 0;
  int64_t seen = 0;
  bool has_lower = false;
  for (size_t bin = 0; bin < histogram_.size(); ++bin) {
    seen += histogram_[bin];
    if (!has_lower && seen > lower) {
      lower_value = value_of(bin, type_);
      has_lower = true;
    }
    if (has_lower && (seen > lower + 1 || seen == num_pixels_)) {
      const double upper_value = value_of(bin, type_);
      const double value =
          lower_value +
          (position - static_cast<double>(lower)) * (upper_value - lower_value);
      return type_ == PixelType::kFloat32 ? std::clamp(value, min_, max_)
                                          : value;
    }
  }
  return lower_value;
}

std::vector<BandCounter> BandCounterPool::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) {
    return std::vector<BandCounter>(num_bands_);
  }
  auto counters = std::move(idle_.back());
  idle_.pop_back();
  return counters;
}

void BandCounterPool::give_back(std::vector<BandCounter> counters) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(counters));
}

std::vector<BandCounter> BandCounterPool::total() const {
  const std::lock_guard lock(mutex_);
  std::vector<BandCounter> sum(num_bands_);
  for (const auto& counters : idle_) {
    for (size_t b = 0; b < num_bands_; ++b) {
      sum[b].merge(counters[b]);
    }
  }
  return sum;
}

BandStatistics statistics_of(
    const std::vector<std::string>& bands,
    std::span<const BandCounter> counters) {
  BandStatistics statistics;
  statistics.bands = bands;
  for (const auto& counter : counters) {
    const bool empty = counter.empty();
    statistics.mean.push_back(empty ? 0 : counter.mean());
    statistics.std.push_back(empty ? 0 : counter.std());
    statistics.min.push_back(empty ? 0 : counter.min());
    statistics.max.push_back(empty ? 0 : counter.max());
    statistics.percentile_2.push_back(empty ? 0 : counter.percentile(2));
    statistics.percentile_98.push_back(empty ? 0 : counter.percentile(98));
  }
  return statistics;
}

void count_images(const Dataset& dataset, DatasetStatistics& statistics) {
  const size_t num_classes = dataset.class_names().size();
  for (int64_t i = 0; i < dataset.size(); ++i) {
    for (const std::string& split : {std::string("all"), dataset.split(i)}) {
      if (split.empty()) {
        continue;
      }
      ++statistics.images[split];
      auto& counts = statistics.labels[split];
      counts.resize(num_classes, 0);
      const auto labels = dataset.labels(i);
      for (size_t c = 0; c < labels.size(); ++c) {
        counts[c] += labels[c];
      }
    }
  }
}

DatasetStatistics measure_dataset(
    const Dataset& dataset, int64_t max_images, int num_threads) {
  constexpr int64_t kGrain = 64;
  DatasetStatistics statistics;
  count_images(dataset, statistics);
  const auto& bands = dataset.bands();
  const int64_t count =
      max_images > 0 ? std::min(max_images, dataset.size()) : dataset.size();
  BandCounterPool pool(bands.size());
  Progress progress("measuring", count, "images");
  parallel_for(count, kGrain, num_threads, [&](int64_t begin, int64_t end) {
    auto counters = pool.take();
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = (2 * i + 1) * dataset.size() / (2 * count);
      const auto image = dataset.read(at);
      for (size_t b = 0; b < bands.size(); ++b) {
        counters[b].add(view_of(image, static_cast<int64_t>(b), bands[b]));
      }
    }
    progress.advance(end - begin);
    pool.give_back(std::move(counters));
  });
  statistics.bands = statistics_of(bands, pool.total());
  statistics.num_measured = count;
  return statistics;
}

}  // namespace nadir::data
