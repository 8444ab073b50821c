#include "data/scene_dataset.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "core/error.h"
#include "data/catalog.h"
#include "data/picture_dataset.h"
#include "raster/geotiff.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

using raster::RasterReader;

constexpr int64_t kWindowsAcrossAScene = 4;
constexpr size_t kMaxIdleReaders = 32;

struct Window {
  size_t scene;
  int64_t row;
  int64_t col;
};

// Open files, lent to one thread at a time; the longest idle is closed first.
class ReaderPool {
 public:
  explicit ReaderPool(std::vector<fs::path> files) : files_(std::move(files)) {}

  [[nodiscard]] RasterReader take(size_t file) {
    {
      const std::lock_guard lock(mutex_);
      const auto found =
          std::find_if(idle_.begin(), idle_.end(), [&](const auto& entry) {
            return entry.first == file;
          });
      if (found != idle_.end()) {
        RasterReader reader = std::move(found->second);
        idle_.erase(found);
        return reader;
      }
    }
    return RasterReader(files_[file]);
  }

  void give_back(size_t file, RasterReader reader) {
    const std::lock_guard lock(mutex_);
    idle_.emplace_front(file, std::move(reader));
    if (idle_.size() > kMaxIdleReaders) {
      idle_.pop_back();
    }
  }

  [[nodiscard]] const fs::path& path(size_t file) const { return files_[file]; }

 private:
  std::vector<fs::path> files_;
  std::mutex mutex_;
  std::deque<std::pair<size_t, RasterReader>> idle_;
};

class SceneDataset : public CatalogDataset {
 public:
  SceneDataset(
      Catalog catalog,
      std::vector<std::string> bands,
      std::vector<Window> windows,
      std::vector<fs::path> files,
      std::vector<int> places,
      const DatasetOptions& options)
      : CatalogDataset(
            std::move(catalog), std::move(bands), "scenes", options.data),
        windows_(std::move(windows)),
        places_(std::move(places)),
        window_px_(options.window_px),
        readers_(std::make_unique<ReaderPool>(std::move(files))) {}

  [[nodiscard]] raster::Image read(int64_t index) const override {
    const auto& window = windows_[static_cast<size_t>(index)];
    RasterReader reader = readers_->take(window.scene);
    raster::Image image = reader.read_window(
        window.row, window.col, window_px_, window_px_, places_);
    readers_->give_back(window.scene, std::move(reader));
    return image;
  }

  [[nodiscard]] std::vector<fs::path> files(int64_t index) const override {
    return {readers_->path(windows_[static_cast<size_t>(index)].scene)};
  }

 private:
  std::vector<Window> windows_;
  std::vector<int> places_;
  int64_t window_px_;
  std::unique_ptr<ReaderPool> readers_;
};

void check_same(
    const raster::RasterInfo& first,
    const raster::RasterInfo& info,
    const fs::path& file) {
  if (info.num_bands != first.num_bands || info.type != first.type) {
    fail(
        ErrorCode::kCorruptData,
        "{} has {} bands, the first scene has {}; scenes of one data set have "
        "the same bands and pixel type",
        file.string(),
        info.num_bands,
        first.num_bands);
  }
}

}  // namespace

bool are_scenes(const std::vector<fs::path>& files, int64_t window_px) {
  const auto is_tiff = [](const fs::path& file) {
    const std::string extension = file.extension().string();
    return extension == ".tif" || extension == ".tiff" || extension == ".TIF" ||
           extension == ".TIFF";
  };
  if (files.empty() || !std::all_of(files.begin(), files.end(), is_tiff)) {
    return false;
  }
  const auto info = raster::read_raster_info(files.front());
  return std::min(info.height, info.width) >= kWindowsAcrossAScene * window_px;
}

std::unique_ptr<Dataset> open_scenes(
    const fs::path& root,
    const std::vector<fs::path>& files,
    const DatasetOptions& options) {
  const int64_t side = options.window_px;
  NADIR_CHECK(side > 0, "window_px must be > 0, got {}", side);
  const auto file_bands = picture_bands(files.front());
  auto places = choose_bands(options.bands, file_bands);
  if (options.bands.empty() && file_bands.size() == 4 && file_bands[3] == "A") {
    places.pop_back();
  }
  const auto first = raster::read_raster_info(files.front());
  Catalog catalog;
  std::vector<Window> windows;
  for (size_t scene = 0; scene < files.size(); ++scene) {
    const auto info = raster::read_raster_info(files[scene]);
    check_same(first, info, files[scene]);
    const std::string name = files[scene].lexically_relative(root).string();
    for (int64_t row = 0; row + side <= info.height; row += side) {
      for (int64_t col = 0; col + side <= info.width; col += side) {
        windows.push_back({scene, row, col});
        catalog.names.push_back(fmt::format("{}@{},{}", name, row, col));
        catalog.splits.push_back(Split::kNone);
      }
    }
  }
  NADIR_CHECK(
      !windows.empty(),
      "{}: no scene holds a window of {} pixels; lower window_px",
      options.data,
      side);
  const auto rows = choose_rows(catalog, options);
  std::vector<Window> chosen;
  for (const int64_t row : rows) {
    chosen.push_back(windows[static_cast<size_t>(row)]);
  }
  std::vector<std::string> bands;
  std::vector<int> band_places;
  for (const size_t place : places) {
    bands.push_back(file_bands[place]);
    band_places.push_back(static_cast<int>(place));
  }
  return std::make_unique<SceneDataset>(
      catalog.rows(rows),
      std::move(bands),
      std::move(chosen),
      files,
      std::move(band_places),
      options);
}

}  // namespace nadir::data
