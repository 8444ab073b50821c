// What `--data` opens: images with names, bands and, where there are any,
// labels and splits, whatever they are stored in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "raster/image.h"
#include "store/remote_files.h"

namespace nadir::data {

struct BandStatistics;

// Implementations are immutable after opening; every method is thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;

  [[nodiscard]] virtual int64_t size() const = 0;

  // Unique within the dataset: patch name, or path below the root.
  [[nodiscard]] virtual const std::string& name(int64_t index) const = 0;

  // Bands in the order of read(); "R","G","B" for plain colour images.
  [[nodiscard]] virtual const std::vector<std::string>& bands() const = 0;

  // Class names in label order; empty for unlabelled data.
  [[nodiscard]] virtual const std::vector<std::string>& class_names() const = 0;

  // Whether an image may carry several classes (BigEarthNet) or exactly one
  // (class folders).
  [[nodiscard]] virtual bool is_multi_label() const = 0;

  // Multi-hot row of class_names().size() values 0 or 1; empty if unlabelled.
  [[nodiscard]] virtual std::span<const uint8_t> labels(
      int64_t index) const = 0;

  // "train", "validation", "test", or "" where the data has no splits.
  [[nodiscard]] virtual const std::string& split(int64_t index) const = 0;

  // Raw digital numbers of all bands() on one grid, that of the finest band;
  // coarser bands are brought to it by nearest neighbour.
  // Throws Error{kCorruptData} or Error{kIo}, naming the image.
  [[nodiscard]] virtual raster::Image read(int64_t index) const = 0;

  // Says that read() will ask for the image soon, so that it can be fetched.
  virtual void expect(int64_t index) const { (void)index; }

  // The footprint as WKB polygon and its CRS ("EPSG:3035"), where known.
  [[nodiscard]] virtual std::optional<std::string> geometry_wkb(
      int64_t index) const {
    (void)index;
    return std::nullopt;
  }

  [[nodiscard]] virtual std::string crs() const { return ""; }

  // Statistics of the digital numbers that are stored with the data, or null.
  // May have more bands than bands(). Lives as long as the dataset.
  [[nodiscard]] virtual const BandStatistics* statistics() const {
    return nullptr;
  }

  // Files that read() takes the image from; their sizes and times tell whether
  // it has changed since. Empty for images that are not in files.
  [[nodiscard]] virtual std::vector<std::filesystem::path> files(
      int64_t index) const {
    (void)index;
    return {};
  }

  // One line for logs and provenance: kind, path, count.
  [[nodiscard]] virtual std::string description() const = 0;
};

struct DatasetOptions {
  std::string data;                // path as the user wrote it
  std::string split;               // "" = all; "train", "validation", "test"
  std::vector<std::string> bands;  // order kept; empty = all the data has
  int64_t max_images = 0;          // 0 = all; else an evenly spread choice
  std::string index;               // index.parquet beside a raw folder
  int64_t window_px = 120;         // window of large GeoTIFF scenes
  // For data and indexes at s3://.
  std::shared_ptr<store::RemoteFiles> remote{};
};

// Opens a dataset folder (dataset.json), a BigEarthNet folder, a folder of
// images (flat, nested, class folders), a text list, or GeoTIFF scenes. At
// s3:// shards are read where they lie, and all else is copied here first.
// Throws Error{kNotFound}, Error{kInvalidArgument} (an unknown band names the
// bands there are; B10 says why there is none) or Error{kCorruptData}.
[[nodiscard]] std::unique_ptr<Dataset> open_dataset(
    const DatasetOptions& options);

}  // namespace nadir::data
