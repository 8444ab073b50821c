#include "bench/bench_data.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bench/timing.h"
#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "data/index.h"
#include "data/normalization.h"
#include "data/pack.h"
#include "raster/image_file.h"

namespace nadir::bench {

BenchData::BenchData(const std::filesystem::path& parent, int64_t num_patches)
    : num_patches_(num_patches) {
  std::string pattern = (parent / "nadir-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    fail(
        ErrorCode::kIo,
        "cannot make a folder in {}: {}; --folder names another",
        parent.string(),
        std::strerror(errno));
  }
  folder_ = pattern;
}

BenchData::~BenchData() {
  shards_.reset();  // its files are open
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path BenchData::patches() {
  if (patches_.empty()) {
    const auto world = make_world(false);
    patches_ = world.data;
    lists_ = world.lists;
  }
  return patches_;
}

std::filesystem::path BenchData::lists() {
  (void)patches();
  return lists_;
}

std::filesystem::path BenchData::index() {
  if (index_.empty()) {
    data::IndexOptions options;
    options.source = patches().string();
    options.lists = lists().string();
    const auto index = data::make_index(options);
    stop_if_told(kRatesSoFar);
    auto path = new_path();
    path += ".parquet";
    data::write_index(path, index.table);
    index_ = path;
  }
  return index_;
}

std::filesystem::path BenchData::archive() {
  if (archive_.empty()) {
    archive_ = make_world(true).data;
  }
  return archive_;
}

std::shared_ptr<const data::Dataset> BenchData::shards() {
  if (!shards_) {
    data::PackOptions options;
    options.source = patches().string();
    options.index = index().string();
    options.out = new_path();
    options.bands = {"B04", "B03", "B02"};
    (void)data::pack_dataset(options);
    stop_if_told(kRatesSoFar);
    data::DatasetOptions packed;
    packed.data = options.out.string();
    shards_ = data::open_dataset(packed);
  }
  return shards_;
}

std::filesystem::path BenchData::pictures() {
  if (pictures_.empty()) {
    const auto folder = new_path();
    make_folder(folder);
    const auto dataset = shards();
    for (int64_t i = 0; i < std::min(kMostPictures, dataset->size()); ++i) {
      stop_if_told(kRatesSoFar);
      raster::write_png(
          folder / fmt::format("{}.png", dataset->name(i)),
          read_unit_image(*dataset, i));
    }
    pictures_ = folder;
  }
  return pictures_;
}

synth::SynthSummary BenchData::make_world(bool as_archive) {
  synth::SynthOptions options;
  options.out = new_path();
  options.num_patches = num_patches_;
  options.seed = 1;
  options.as_archive = as_archive;
  options.compresses = false;
  const auto summary = synth::write_synthetic_world(
      options, [] { return caught_signal() != 0; });
  if (!summary) {
    throw Stopped(kRatesSoFar);
  }
  return *summary;
}

std::filesystem::path BenchData::new_path() {
  return folder_ / fmt::format("data{}", num_paths_++);
}

raster::Image read_unit_image(const data::Dataset& dataset, int64_t index) {
  const auto raw = dataset.read(index);
  return data::make_normalization(
             "rgb2000", dataset.bands(), raw.type(), nullptr)
      .to_unit(raw);
}

}  // namespace nadir::bench
