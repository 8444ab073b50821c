#include "data/pack_input.h"

#include <unordered_map>

#include "core/error.h"
#include "data/archive_entries.h"
#include "data/bigearthnet_dataset.h"
#include "data/dataset_info.h"
#include "data/index_catalog.h"
#include "data/patch_name.h"
#include "data/patch_source.h"
#include "raster/geotiff.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

using raster::Image;
using raster::PixelType;

std::vector<std::string> chosen_patch_bands(
    const std::vector<std::string>& wanted) {
  std::vector<std::string> all;
  for (const auto& band : kPatchBands) {
    all.emplace_back(band.name);
  }
  std::vector<std::string> chosen;
  for (const size_t place : choose_bands(wanted, all)) {
    chosen.push_back(all[place]);
  }
  return chosen;
}

class PatchInput : public PackInput {
 public:
  PatchInput(const PackOptions& asked_for, const std::string& index)
      : index_(index),
        bands_(chosen_patch_bands(asked_for.bands)),
        catalog_(read_bigearthnet_catalog(index)) {
    const Part& part = asked_for.part;
    PatchSourceOptions options;
    options.bands = bands_;
    options.needs_metadata = false;
    options.remote = asked_for.remote;
    if (!part.is_whole()) {
      options.wants = [part, rows = rows_by_name(), count = catalog_.size()](
                          const std::string& name, int64_t) {
        const auto row = rows.find(name);
        return row == rows.end() ? part.number == 1
                                 : row->second >= part.begin(count) &&
                                       row->second < part.end(count);
      };
    }
    patches_ = open_patch_source(asked_for.source, options);
  }

  [[nodiscard]] const std::vector<std::string>& bands() const override {
    return bands_;
  }

  [[nodiscard]] const Catalog& catalog() const override { return catalog_; }

  [[nodiscard]] std::string label_column() const override {
    return "new_labels";
  }

  [[nodiscard]] std::optional<PackItem> next() override {
    auto patch = patches_->next();
    if (!patch) {
      return std::nullopt;
    }
    PackItem item;
    item.name = std::move(patch->name);
    item.problem = std::move(patch->problem);
    item.files = std::move(patch->bands);
    return item;
  }

  [[nodiscard]] std::vector<Image> decode(const PackItem& item) const override {
    std::vector<Image> images;
    for (const auto& band : bands_) {
      const auto file = item.files.find(band);
      if (file == item.files.end()) {
        fail(ErrorCode::kCorruptData, "band {} is missing", band);
      }
      images.push_back(
          raster::decode_raster(file->second, band_file_name(item.name, band)));
      const Image& image = images.back();
      const int64_t side = *band_size_px(band);
      if (image.num_bands() != 1 || image.height() != side ||
          image.width() != side || image.type() != PixelType::kUint16) {
        fail(
            ErrorCode::kCorruptData,
            "{} must be one uint16 band of {} x {} pixels, it has {} {} "
            "band(s) of {} x {}",
            band_file_name(item.name, band),
            side,
            side,
            image.num_bands(),
            pixel_type_name(image.type()),
            image.height(),
            image.width());
      }
    }
    return images;
  }

  [[nodiscard]] IndexTable index() const override {
    return {table::read_parquet(index_), table::read_parquet_metadata(index_)};
  }

 private:
  [[nodiscard]] std::unordered_map<std::string, int64_t> rows_by_name() const {
    std::unordered_map<std::string, int64_t> rows;
    for (int64_t i = 0; i < catalog_.size(); ++i) {
      rows.emplace(catalog_.names[static_cast<size_t>(i)], i);
    }
    return rows;
  }

  std::string index_;
  std::vector<std::string> bands_;
  Catalog catalog_;
  std::unique_ptr<PatchSource> patches_;
};

class DatasetInput : public PackInput {
 public:
  DatasetInput(const DatasetOptions& options, const Part& part)
      : dataset_(open_dataset(options)),
        next_(part.begin(dataset_->size())),
        end_(part.end(dataset_->size())) {
    catalog_.class_names = dataset_->class_names();
    catalog_.is_multi_label = dataset_->is_multi_label();
    for (int64_t i = 0; i < dataset_->size(); ++i) {
      catalog_.names.push_back(dataset_->name(i));
      catalog_.splits.push_back(
          parse_split(dataset_->split(i)).value_or(Split::kNone));
      const auto labels = dataset_->labels(i);
      catalog_.labels.insert(
          catalog_.labels.end(), labels.begin(), labels.end());
    }
  }

  [[nodiscard]] const std::vector<std::string>& bands() const override {
    return dataset_->bands();
  }

  [[nodiscard]] const Catalog& catalog() const override { return catalog_; }

  [[nodiscard]] std::string label_column() const override {
    return catalog_.class_names.empty() ? "" : "labels";
  }

  [[nodiscard]] std::optional<PackItem> next() override {
    if (next_ == end_) {
      return std::nullopt;
    }
    PackItem item;
    item.name = dataset_->name(next_);
    item.row = next_++;
    return item;
  }

  [[nodiscard]] std::vector<Image> decode(const PackItem& item) const override {
    std::vector<Image> images;
    images.push_back(dataset_->read(item.row));
    return images;
  }

  [[nodiscard]] IndexTable index() const override {
    table::TextColumn names;
    table::TextColumn splits;
    table::TextListColumn labels;
    for (int64_t i = 0; i < dataset_->size(); ++i) {
      names.emplace_back(dataset_->name(i));
      const auto& split = dataset_->split(i);
      splits.push_back(
          split.empty() ? std::nullopt : std::optional<std::string>(split));
      table::TextList classes;
      const auto row = dataset_->labels(i);
      for (size_t c = 0; c < row.size(); ++c) {
        if (row[c] != 0) {
          classes.push_back(catalog_.class_names[c]);
        }
      }
      labels.emplace_back(std::move(classes));
    }
    IndexTable index;
    index.table.columns.push_back({"name", std::move(names)});
    if (!catalog_.class_names.empty()) {
      index.table.columns.push_back({"labels", std::move(labels)});
    }
    index.table.columns.push_back({"original_split", std::move(splits)});
    return index;
  }

 private:
  std::unique_ptr<Dataset> dataset_;
  Catalog catalog_;
  int64_t next_;
  int64_t end_;
};

}  // namespace

std::unique_ptr<PackInput> open_pack_input(const PackOptions& options) {
  const std::string& source = options.source;
  const bool is_stream = store::is_remote(source);  // an archive in S3
  if (!is_stream && !fs::exists(source)) {
    fail(ErrorCode::kNotFound, "there is no {}", source);
  }
  if (!is_stream && !is_archive(source) && !is_bigearthnet_folder(source)) {
    NADIR_CHECK(
        options.index.empty(),
        "{} holds no BigEarthNet patches; leave out --index",
        source);
    DatasetOptions images;
    images.data = source;
    images.bands = options.bands;
    return std::make_unique<DatasetInput>(images, options.part);
  }
  NADIR_CHECK(
      is_stream || !is_archive(source) || !is_zip(source),
      "{} is a zip, which is not read as a stream; unpack it and give the "
      "folder",
      source);
  const std::string found =
      options.index.empty() ? index_beside(source) : options.index;
  NADIR_CHECK(
      !found.empty(),
      "{} needs an index: make one with `nadir data index {} --out "
      "index.parquet` and name it with --index",
      source,
      source);
  return std::make_unique<PatchInput>(options, found);
}

}  // namespace nadir::data
