#include "data/dataset_folder.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "data/band_stack.h"
#include "data/catalog.h"
#include "data/dataset_info.h"
#include "data/index_catalog.h"
#include "data/remote_shards.h"
#include "data/safetensors_blob.h"
#include "data/shards.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

class ShardDataset : public CatalogDataset {
 public:
  ShardDataset(
      Catalog catalog,
      std::vector<std::string> bands,
      std::unique_ptr<Shards> shards,
      BlobLayout layout,
      std::optional<BandStatistics> measured,
      const std::string& kind,
      const std::string& path)
      : CatalogDataset(std::move(catalog), std::move(bands), kind, path),
        path_(path),
        shards_(std::move(shards)),
        layout_(std::move(layout)),
        statistics_(std::move(measured)) {}

  [[nodiscard]] raster::Image read(int64_t index) const override {
    raster::Image image;
    const bool is_there =
        shards_->read(name(index), [&](std::string_view blob) {
          image = layout_.matches(blob)
                      ? decode(blob, layout_, index)
                      : decode(blob, BlobLayout(blob, name(index)), index);
        });
    if (!is_there) {
      fail(
          ErrorCode::kCorruptData,
          "{} is in the index of {} and not in its shards; pack the data anew",
          name(index),
          path_);
    }
    return image;
  }

  void expect(int64_t index) const override { shards_->expect(name(index)); }

  [[nodiscard]] std::vector<fs::path> files(int64_t) const override {
    return shards_->files();
  }

  [[nodiscard]] const BandStatistics* statistics() const override {
    return statistics_ ? &*statistics_ : nullptr;
  }

 private:
  [[nodiscard]] raster::Image decode(
      std::string_view blob, const BlobLayout& layout, int64_t index) const {
    std::vector<BandView> views;
    views.reserve(bands().size());
    for (const auto& name_of_band : bands()) {
      const auto* band = layout.find(name_of_band);
      if (band == nullptr) {
        fail(
            ErrorCode::kCorruptData,
            "{} has no band {}",
            name(index),
            name_of_band);
      }
      views.push_back(
          {band->name,
           band->type,
           band->height,
           band->width,
           reinterpret_cast<const std::byte*>(blob.data()) + band->offset});
    }
    return stack_bands(views, name(index));
  }

  std::string path_;
  std::unique_ptr<Shards> shards_;
  BlobLayout layout_;  // of most images
  std::optional<BandStatistics> statistics_;
};

// The layout of the first image that is there.
BlobLayout first_layout(
    const Shards& shards, const Catalog& catalog, const std::string& path) {
  std::optional<BlobLayout> layout;
  for (const auto& name : catalog.names) {
    shards.read(
        name, [&](std::string_view blob) { layout.emplace(blob, name); });
    if (layout) {
      return std::move(*layout);
    }
  }
  fail(
      ErrorCode::kCorruptData,
      "{}: the shards hold none of the {} images of the index",
      path,
      catalog.size());
}

std::vector<std::string> picked(
    const std::vector<std::string>& names, const std::vector<size_t>& places) {
  std::vector<std::string> result;
  for (const size_t place : places) {
    result.push_back(names[place]);
  }
  return result;
}

// `folder` holds dataset.json and the index, wherever the shards are.
std::unique_ptr<Dataset> open_packed(
    const DatasetOptions& options,
    const fs::path& folder,
    std::unique_ptr<Shards> shards) {
  const auto info = read_dataset_info(folder);
  Catalog catalog = read_index_catalog(
      folder / kIndexFile, {.labels = info.label_column}, info.class_names);
  catalog.is_multi_label = info.is_multi_label;
  if (shards->size() < catalog.size()) {
    fail(
        ErrorCode::kCorruptData,
        "{}: the index lists {} images, the shards hold {}; pack the data anew",
        options.data,
        catalog.size(),
        shards->size());
  }
  const auto bands = info.band_names();
  const auto places = choose_bands(options.bands, bands);
  const auto rows = choose_rows(catalog, options);
  auto layout = first_layout(*shards, catalog, options.data);
  return std::make_unique<ShardDataset>(
      catalog.rows(rows),
      picked(bands, places),
      std::move(shards),
      std::move(layout),
      info.statistics,
      "dataset",
      options.data);
}

std::unique_ptr<Dataset> open_indexed(
    const DatasetOptions& options,
    const std::string& index,
    std::unique_ptr<Shards> shards) {
  Catalog catalog = read_bigearthnet_catalog(index);
  auto layout = first_layout(*shards, catalog, options.data);
  std::vector<std::string> bands;
  for (const auto& band : layout.bands()) {
    bands.push_back(band.name);
  }
  // rico-hdl stores by type and name; B8A belongs after B08.
  const auto b08 = std::find(bands.begin(), bands.end(), "B08");
  const auto b8a = std::find(bands.begin(), bands.end(), "B8A");
  if (b08 != bands.end() && b8a != bands.end() && b08 + 1 < b8a) {
    std::rotate(b08 + 1, b8a, b8a + 1);
  }
  const auto places = choose_bands(options.bands, bands);
  const auto rows = choose_rows(catalog, options);
  return std::make_unique<ShardDataset>(
      catalog.rows(rows),
      picked(bands, places),
      std::move(shards),
      std::move(layout),
      std::nullopt,
      "LMDB shards",
      options.data);
}

void check_index_given(const DatasetOptions& options) {
  NADIR_CHECK(
      !options.index.empty(),
      "{} holds LMDB shards and no dataset.json; name its index with --index",
      options.data);
}

}  // namespace

std::unique_ptr<Dataset> open_dataset_folder(const DatasetOptions& options) {
  const fs::path folder = options.data;
  return open_packed(
      options, folder, std::make_unique<ShardReader>(folder / kShardsFolder));
}

std::unique_ptr<Dataset> open_shards_with_index(const DatasetOptions& options) {
  check_index_given(options);
  return open_indexed(
      options, options.index, std::make_unique<ShardReader>(options.data));
}

std::unique_ptr<Dataset> open_remote_dataset_folder(
    const DatasetOptions& options) {
  auto& remote = *options.remote;
  const auto location = store::parse_location(options.data).as_folder();
  if (remote.s3()->find(location.below(kDatasetFile))) {
    const fs::path folder =
        remote.input_files(options.data, {kDatasetFile, kIndexFile});
    return open_packed(
        options,
        folder,
        open_remote_shards(remote, location.below(kShardsFolder)));
  }
  NADIR_CHECK(
      !remote.s3()->find(location.below(kPackingFile)),
      "{} holds an unfinished packing",
      options.data);
  for (const fs::path& path :
       {fs::path(kEnvironmentFile),
        environment_path("", 0) / kEnvironmentFile}) {
    if (remote.s3()->find(location.below(path.string()))) {
      check_index_given(options);
      return open_indexed(
          options,
          remote.input(options.index),
          open_remote_shards(remote, location));
    }
  }
  return nullptr;
}

}  // namespace nadir::data
