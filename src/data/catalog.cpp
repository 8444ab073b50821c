#include "data/catalog.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"

namespace nadir::data {
namespace {

[[noreturn]] void fail_on_empty_split(
    const Catalog& catalog, const DatasetOptions& options) {
  std::array<int64_t, 4> counts{};
  for (const Split split : catalog.splits) {
    ++counts[static_cast<size_t>(split)];
  }
  fail(
      ErrorCode::kInvalidArgument,
      "{} has no images in the split '{}' (train {}, validation {}, test {}, "
      "in none {})",
      options.data,
      options.split,
      counts[1],
      counts[2],
      counts[3],
      counts[0]);
}

}  // namespace

const std::string& split_name(Split split) {
  static const std::array<std::string, 4> names = {
      "", "train", "validation", "test"};
  return names[static_cast<size_t>(split)];
}

std::optional<Split> parse_split(const std::string& text) {
  if (text == "train") {
    return Split::kTrain;
  }
  if (text == "validation" || text == "val" || text == "valid") {
    return Split::kValidation;
  }
  if (text == "test") {
    return Split::kTest;
  }
  return std::nullopt;
}

bool Catalog::has_splits() const {
  return std::any_of(splits.begin(), splits.end(), [](Split split) {
    return split != Split::kNone;
  });
}

std::span<const uint8_t> Catalog::labels_of(int64_t index) const {
  const size_t width = labels.empty() ? 0 : class_names.size();
  return std::span(labels).subspan(static_cast<size_t>(index) * width, width);
}

Catalog Catalog::rows(std::span<const int64_t> wanted) const {
  Catalog result;
  result.class_names = class_names;
  result.is_multi_label = is_multi_label;
  result.crs = crs;
  for (const int64_t index : wanted) {
    const auto row = static_cast<size_t>(index);
    result.names.push_back(names[row]);
    result.splits.push_back(splits[row]);
    const auto row_labels = labels_of(index);
    result.labels.insert(
        result.labels.end(), row_labels.begin(), row_labels.end());
    if (!geometry.empty()) {
      result.geometry.push_back(geometry[row]);
    }
  }
  return result;
}

double share_of_name(const std::string& name, const std::string& purpose) {
  const auto digest = sha256_hex(purpose + '\n' + name);
  const auto bits = std::stoull(digest.substr(0, 13), nullptr, 16);
  return static_cast<double>(bits) / static_cast<double>(1ULL << 52);
}

Split split_by_name(const std::string& name) {
  if (share_of_name(name, "test") < kTestShare) {
    return Split::kTest;
  }
  return share_of_name(name, "validation") < kValidationShare
             ? Split::kValidation
             : Split::kTrain;
}

std::vector<int64_t> choose_rows(
    Catalog& catalog, const DatasetOptions& options) {
  NADIR_CHECK(
      options.max_images >= 0,
      "max_images must be >= 0, got {}",
      options.max_images);
  std::vector<int64_t> rows;
  std::optional<Split> wanted;
  if (!options.split.empty()) {
    wanted = parse_split(options.split);
    NADIR_CHECK(
        wanted.has_value(),
        "split must be train, validation or test, got '{}'",
        options.split);
    if (!catalog.has_splits()) {
      log_info(
          "data",
          "{} has no splits: images are shared out by their names, 20 % test "
          "and 10 % of the rest validation",
          options.data);
      std::transform(
          catalog.names.begin(),
          catalog.names.end(),
          catalog.splits.begin(),
          split_by_name);
    }
  }
  for (int64_t i = 0; i < catalog.size(); ++i) {
    if (!wanted || catalog.splits[static_cast<size_t>(i)] == *wanted) {
      rows.push_back(i);
    }
  }
  if (wanted && rows.empty() && catalog.size() > 0) {
    fail_on_empty_split(catalog, options);
  }
  const auto num_rows = static_cast<int64_t>(rows.size());
  if (options.max_images > 0 && options.max_images < num_rows) {
    // The middle of each of max_images equal stretches.
    std::vector<int64_t> chosen;
    for (int64_t i = 0; i < options.max_images; ++i) {
      const int64_t at = (2 * i + 1) * num_rows / (2 * options.max_images);
      chosen.push_back(rows[static_cast<size_t>(at)]);
    }
    rows = std::move(chosen);
  }
  return rows;
}

std::string canonical_band(const std::string& band) {
  if (band.size() < 2 || (band[0] != 'B' && band[0] != 'b')) {
    return band;
  }
  std::string number = band.substr(1);
  number.erase(0, std::min(number.find_first_not_of('0'), number.size() - 1));
  if (number == "8A" || number == "8a") {
    return "B8A";
  }
  const bool is_number = std::all_of(number.begin(), number.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  if (!is_number || number.size() > 2) {
    return band;
  }
  return (number.size() == 1 ? "B0" : "B") + number;
}

std::vector<size_t> choose_bands(
    const std::vector<std::string>& wanted,
    const std::vector<std::string>& available) {
  std::vector<size_t> places;
  if (wanted.empty()) {
    for (size_t i = 0; i < available.size(); ++i) {
      places.push_back(i);
    }
    return places;
  }
  for (const auto& band : wanted) {
    auto found = std::find(available.begin(), available.end(), band);
    if (found == available.end()) {
      found =
          std::find(available.begin(), available.end(), canonical_band(band));
    }
    if (found == available.end()) {
      fail(
          ErrorCode::kInvalidArgument,
          "there is no band {}{}; the data has {}",
          band,
          canonical_band(band) == "B10"
              ? " (cirrus: level-2A products such as BigEarthNet's are without "
                "it)"
              : did_you_mean(band, available),
          join(available, ","));
    }
    const auto place = static_cast<size_t>(found - available.begin());
    NADIR_CHECK(
        std::find(places.begin(), places.end(), place) == places.end(),
        "band {} is asked for twice",
        band);
    places.push_back(place);
  }
  return places;
}

CatalogDataset::CatalogDataset(
    Catalog catalog,
    std::vector<std::string> bands,
    std::string kind,
    std::string path)
    : catalog_(std::move(catalog)),
      bands_(std::move(bands)),
      kind_(std::move(kind)),
      path_(std::move(path)) {}

const std::string& CatalogDataset::name(int64_t index) const {
  return catalog_.names[static_cast<size_t>(index)];
}

const std::vector<std::string>& CatalogDataset::bands() const {
  return bands_;
}

const std::vector<std::string>& CatalogDataset::class_names() const {
  return catalog_.class_names;
}

bool CatalogDataset::is_multi_label() const {
  return catalog_.is_multi_label;
}

std::span<const uint8_t> CatalogDataset::labels(int64_t index) const {
  return catalog_.labels_of(index);
}

const std::string& CatalogDataset::split(int64_t index) const {
  return split_name(catalog_.splits[static_cast<size_t>(index)]);
}

std::optional<std::string> CatalogDataset::geometry_wkb(int64_t index) const {
  if (catalog_.geometry.empty()) {
    return std::nullopt;
  }
  return catalog_.geometry[static_cast<size_t>(index)];
}

std::string CatalogDataset::description() const {
  return fmt::format(
      "{} {}: {} images, bands {}{}",
      kind_,
      path_,
      size(),
      join(bands_, ","),
      catalog_.class_names.empty()
          ? ", unlabelled"
          : fmt::format(
                ", {} classes, {} an image",
                catalog_.class_names.size(),
                catalog_.is_multi_label ? "any number" : "one"));
}

}  // namespace nadir::data
