#include "eval/segment_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/signals.h"
#include "eval/confusion.h"
#include "eval/segment_split.h"
#include "raster/geotiff.h"
#include "raster/image_file.h"

namespace nadir::eval {

namespace fs = std::filesystem;

namespace {

// Images are read whole, however large: none is a scene of windows.
constexpr int64_t kWholeImage = int64_t{1} << 40;

constexpr char kClassFile[] = "classes.csv";

// Files of masks by their name without extension.
std::map<std::string, fs::path> list_masks(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    fail(ErrorCode::kNotFound, "masks: there is no folder {}", folder.string());
  }
  std::map<std::string, fs::path> masks;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto& path = entry.path();
    if (!raster::has_image_extension(path) || !entry.is_regular_file()) {
      continue;
    }
    const auto [other, is_new] = masks.emplace(path.stem().string(), path);
    NADIR_CHECK(
        is_new,
        "masks: {} and {} have the same name; there must be one mask an image",
        other->second.string(),
        path.string());
  }
  return masks;
}

MaskedImages choose(
    const std::shared_ptr<const data::Dataset>& dataset,
    const std::vector<fs::path>& masks,
    const SegmentSplit& division,
    data::Split split) {
  MaskedImages set;
  set.images.dataset = dataset;
  set.images.description = fmt::format(
      "split '{}' of {}", data::split_name(split), dataset->description());
  for (int64_t i = 0; i < dataset->size(); ++i) {
    if (division.splits[i] == split) {
      set.images.indices.push_back(i);
      set.masks.push_back(masks[i]);
    }
  }
  NADIR_CHECK(
      set.size() > 0,
      "no image is left for {}; {} images are too few, or --test-names and "
      "--val-names take them all",
      data::split_name(split),
      dataset->size());
  return set;
}

// Calls `use` with the first band as what it holds.
template <class Use>
void with_pixels(const raster::Image& mask, const Use& use) {
  switch (mask.type()) {
    case raster::PixelType::kUint8:
      return use(mask.band<uint8_t>(0));
    case raster::PixelType::kUint16:
      return use(mask.band<uint16_t>(0));
    case raster::PixelType::kInt16:
      return use(mask.band<int16_t>(0));
    case raster::PixelType::kFloat32:
      return use(mask.band<float>(0));
  }
}

std::vector<int64_t> values_of(const fs::path& file) {
  const auto mask = raster::RasterReader(file).read();
  std::set<int64_t> values;
  const auto collect = [&](const auto& pixels) {
    for (const auto pixel : pixels) {
      values.insert(static_cast<int64_t>(pixel));
    }
  };
  with_pixels(mask, collect);
  return {values.begin(), values.end()};
}

std::vector<MaskClass> find_classes(
    const SegmentDataConfig& config,
    const std::vector<fs::path>& masks,
    const std::vector<int64_t>& ignored) {
  if (!config.classes.empty()) {
    return parse_mask_classes(config.classes);
  }
  const auto file = fs::path(config.masks) / kClassFile;
  if (fs::exists(file)) {
    return parse_mask_classes({file.string()});
  }
  std::set<int64_t> values;
  Progress progress(
      "reading masks", static_cast<int64_t>(masks.size()), "masks");
  for (const auto& mask : masks) {
    stop_if_told("masks read so far");
    const auto own = values_of(mask);
    values.insert(own.begin(), own.end());
    progress.advance();
  }
  for (const int64_t value : ignored) {
    values.erase(value);
  }
  log_info(
      "eval",
      "the masks hold the values {}: each is a class (--classes names them)",
      fmt::join(values, ", "));
  return classes_of_values({values.begin(), values.end()});
}

}  // namespace

std::string mask_stem(const std::string& image_name, const std::string& rule) {
  const fs::path path = image_name;
  const auto stem = raster::has_image_extension(path)
                        ? path.stem().string()
                        : path.filename().string();
  if (rule.empty()) {
    return stem;
  }
  const size_t equals = rule.find('=');
  NADIR_CHECK(
      equals != std::string::npos && equals > 0,
      "mask_name must be PATTERN=TEXT, e.g. image=mask, got '{}'",
      rule);
  try {
    return std::regex_replace(
        stem,
        std::regex(rule.substr(0, equals)),
        rule.substr(equals + 1),
        std::regex_constants::format_first_only);
  } catch (const std::regex_error& error) {
    fail(
        ErrorCode::kInvalidArgument,
        "mask_name: '{}' is no regular expression: {}",
        rule.substr(0, equals),
        error.what());
  }
}

SegmentData open_segment_data(
    const SegmentDataConfig& config,
    const std::vector<std::string>& bands,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  NADIR_CHECK(!config.masks.empty(), "--masks must name the folder of masks");
  data::DatasetOptions options;
  options.remote = remote;
  options.data = config.data;
  options.index = config.index;
  options.bands = bands;
  options.window_px = kWholeImage;
  const std::shared_ptr<const data::Dataset> dataset =
      data::open_dataset(options);
  const auto files = list_masks(config.masks);
  std::vector<fs::path> masks;
  for (int64_t i = 0; i < dataset->size(); ++i) {
    const auto stem = mask_stem(dataset->name(i), config.mask_name);
    const auto found = files.find(stem);
    NADIR_CHECK(
        found != files.end(),
        "image {} has no mask: there is no {}.tif or .png in {}{} (--mask-name "
        "says how masks are named)",
        dataset->name(i),
        stem,
        config.masks,
        files.empty() ? "" : fmt::format(", but {}", files.begin()->first));
    masks.push_back(found->second);
  }
  SegmentData data;
  data.masks = config.masks;
  for (const double value : config.ignore) {
    data.ignored_values.push_back(std::llround(value));
  }
  data.classes = find_classes(config, masks, data.ignored_values);
  for (const auto& entry : data.classes) {
    NADIR_CHECK(
        std::find(
            data.ignored_values.begin(),
            data.ignored_values.end(),
            entry.value) == data.ignored_values.end(),
        "ignore: {} is also the value of the class {}",
        entry.value,
        entry.name);
  }
  const auto division = split_images(config, *dataset);
  data.selected_on = division.selected_on;
  data.train = choose(dataset, masks, division, data::Split::kTrain);
  data.validation = choose(dataset, masks, division, data::Split::kValidation);
  data.test = choose(dataset, masks, division, data::Split::kTest);
  return data;
}

Mask read_mask(const fs::path& file, const SegmentData& data) {
  const auto mask = raster::RasterReader(file).read();
  if (mask.num_bands() != 1) {
    fail(
        ErrorCode::kCorruptData,
        "mask {} has {} bands; a mask has one",
        file.string(),
        mask.num_bands());
  }
  std::map<int64_t, uint8_t> index_of;
  for (size_t c = 0; c < data.classes.size(); ++c) {
    index_of[data.classes[c].value] = static_cast<uint8_t>(c);
  }
  for (const int64_t value : data.ignored_values) {
    index_of[value] = kIgnoredPixel;
  }
  Mask result = {mask.height(), mask.width(), {}};
  auto& indices = result.classes;
  indices.resize(static_cast<size_t>(mask.height() * mask.width()));
  const auto translate = [&](const auto& pixels) {
    auto last = index_of.end();
    for (size_t i = 0; i < pixels.size(); ++i) {
      const auto value = static_cast<int64_t>(pixels[i]);
      if (last == index_of.end() || last->first != value) {
        last = index_of.find(value);
      }
      if (last == index_of.end()) {
        fail(
            ErrorCode::kCorruptData,
            "mask {} holds the value {} at row {}, column {}, which is no "
            "class; name it in --classes or in --ignore",
            file.string(),
            value,
            static_cast<int64_t>(i) / mask.width(),
            static_cast<int64_t>(i) % mask.width());
      }
      indices[i] = last->second;
    }
  };
  with_pixels(mask, translate);
  return result;
}

}  // namespace nadir::eval
