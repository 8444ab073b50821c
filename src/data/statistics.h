// Per-band statistics of digital numbers. Integer bands are counted in a
// histogram, so that every figure is exact and does not depend on the order
// of the images.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "data/normalization.h"
#include "data/safetensors_blob.h"

namespace nadir::data {

class Dataset;

// Counts pixels of one band. Not thread-safe: one per thread, then merge().
class BandCounter {
 public:
  // Percentiles of float bands are good to 1 part in 128 (8 bits of
  // significand); all other figures are exact. NaN is left out.
  void add(const BandView& band);
  // Throws Error{kCorruptData} where the two counted unlike types.
  void merge(const BandCounter& other);

  // All that was counted, and back; no bit is lost. Throws
  // nlohmann::json::exception on other JSON.
  [[nodiscard]] nlohmann::json to_json() const;
  [[nodiscard]] static BandCounter from_json(const nlohmann::json& json);

  [[nodiscard]] bool empty() const { return num_pixels_ == 0; }

  [[nodiscard]] double mean() const;
  [[nodiscard]] double std() const;  // of the population
  [[nodiscard]] double min() const;
  [[nodiscard]] double max() const;

  // NumPy's linear interpolation; `percent` in 0 .. 100.
  [[nodiscard]] double percentile(double percent) const;

 private:
  template <class T>
  void add_pixels(const BandView& band);

  raster::PixelType type_ = raster::PixelType::kUint16;
  std::vector<int64_t> histogram_;  // 65,536 bins in the order of values
  int64_t num_pixels_ = 0;
  double sum_ = 0;  // float bands only
  double sum_of_squares_ = 0;
  double min_ = 0;  // float bands only
  double max_ = 0;
};

// Counters of all bands for many threads: each takes a set for a while and
// gives it back. Thread-safe.
class BandCounterPool {
 public:
  explicit BandCounterPool(size_t num_bands) : num_bands_(num_bands) {}

  [[nodiscard]] std::vector<BandCounter> take();
  void give_back(std::vector<BandCounter> counters);

  // The sum of what was given back, a counter a band.
  [[nodiscard]] std::vector<BandCounter> total() const;

 private:
  size_t num_bands_;
  mutable std::mutex mutex_;
  std::vector<std::vector<BandCounter>> idle_;
};

// Figures of counted bands, in the order of `bands`; zeros where a counter is
// empty.
[[nodiscard]] BandStatistics statistics_of(
    const std::vector<std::string>& bands,
    std::span<const BandCounter> counters);

// What `nadir data stats` prints.
struct DatasetStatistics {
  BandStatistics bands;
  int64_t num_measured = 0;
  std::map<std::string, int64_t> images;  // a split; "all" for the sum
  // Images that carry the class, by split, in the order of class_names().
  std::map<std::string, std::vector<int64_t>> labels;
};

// Reads all images of the dataset, or `max_images` of them spread evenly, on
// `num_threads` threads (0 = all). Throws what Dataset::read() throws.
[[nodiscard]] DatasetStatistics measure_dataset(
    const Dataset& dataset, int64_t max_images, int num_threads);

// Images and labels a split, from the catalog alone.
void count_images(const Dataset& dataset, DatasetStatistics& statistics);

}  // namespace nadir::data
