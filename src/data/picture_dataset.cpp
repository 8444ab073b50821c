#include "data/picture_dataset.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "core/error.h"
#include "raster/image_file.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

using raster::Image;
using raster::PixelType;

const std::vector<std::string> kColor = {"R", "G", "B"};

bool is_tiff(const fs::path& file) {
  const std::string extension = file.extension().string();
  return extension == ".tif" || extension == ".tiff" || extension == ".TIF" ||
         extension == ".TIFF";
}

std::vector<std::string> numbered(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 1; i <= count; ++i) {
    names.push_back(std::to_string(i));
  }
  return names;
}

// Bands B01 to B12 with B8A where the source puts it.
std::vector<std::string> sentinel2(bool has_b10, bool is_b8a_last) {
  std::vector<std::string> names;
  for (int i = 1; i <= 12; ++i) {
    if (i != 10 || has_b10) {
      names.push_back(fmt::format("B{:02}", i));
    }
    if (i == 8 && !is_b8a_last) {
      names.emplace_back("B8A");
    }
  }
  if (is_b8a_last) {
    names.emplace_back("B8A");
  }
  return names;
}

std::vector<std::string> names_by_count(
    size_t count, PixelType type, int64_t height, int64_t width) {
  constexpr int64_t kEuroSatSide = 64;
  const bool is_8_bit = type == PixelType::kUint8;
  switch (count) {
    case 1:
      return {"Y"};
    case 3:
      return kColor;
    case 4:
      return is_8_bit ? std::vector<std::string>{"R", "G", "B", "A"}
                      : numbered(count);
    case 12:
      return is_8_bit ? numbered(count) : sentinel2(false, false);
    case 13:
      return sentinel2(true, height == kEuroSatSide && width == kEuroSatSide);
    default:
      return numbered(count);
  }
}

bool are_names(const std::vector<std::string>& names) {
  const std::set<std::string> unique(names.begin(), names.end());
  return unique.size() == names.size() && !unique.contains("");
}

// Band `place` of `src` as band `band` of `dst`, of the same size and type.
void copy_band(const Image& src, size_t place, Image& dst, int64_t band) {
  const auto num_bytes = static_cast<size_t>(
      src.height() * src.width() * raster::bytes_per_pixel(src.type()));
  std::memcpy(
      dst.bytes().data() + static_cast<size_t>(band) * num_bytes,
      src.bytes().data() + place * num_bytes,
      num_bytes);
}

// What one file says of all of them.
struct Telling {
  std::vector<std::string> bands;
  PixelType type;
};

// The first file that can be read tells the bands; but where it is grey, a
// colour one among a few others does, so that one grey picture does not make
// a folder of colour ones grey.
Telling tell_bands(const std::vector<fs::path>& files) {
  constexpr size_t kNumLooks = 16;
  std::optional<Telling> grey;
  std::optional<Error> first_error;
  const size_t num_looks = std::min(kNumLooks, files.size());
  for (size_t look = 0; look < num_looks; ++look) {
    const auto& file = files[look * files.size() / num_looks];
    try {
      Telling telling = {picture_bands(file), raster::read_image(file).type()};
      if (telling.bands.size() > 1) {
        return telling;
      }
      grey = grey ? grey : telling;
    } catch (const Error& error) {
      first_error = first_error ? first_error : error;
    }
  }
  if (!grey) {
    throw Error(*first_error);
  }
  return *grey;
}

const char* type_name(PixelType type) {
  switch (type) {
    case PixelType::kUint8:
      return "uint8";
    case PixelType::kUint16:
      return "uint16";
    case PixelType::kInt16:
      return "int16";
    case PixelType::kFloat32:
      break;
  }
  return "float32";
}

}  // namespace

std::vector<std::string> picture_bands(const fs::path& file) {
  if (!is_tiff(file)) {
    const Image image = raster::read_image(file);
    return names_by_count(
        static_cast<size_t>(image.num_bands()),
        image.type(),
        image.height(),
        image.width());
  }
  return raster_bands(raster::read_raster_info(file));
}

std::vector<std::string> raster_bands(const raster::RasterInfo& info) {
  std::vector<std::string> names;
  for (const auto& name : info.band_names) {
    names.push_back(canonical_band(name));
  }
  if (are_names(names)) {
    return names;
  }
  return names_by_count(
      static_cast<size_t>(info.num_bands), info.type, info.height, info.width);
}

PictureDataset::PictureDataset(
    Catalog catalog,
    std::vector<fs::path> files,
    const std::vector<std::string>& file_bands,
    PixelType type,
    std::vector<size_t> places,
    const std::string& kind,
    const std::string& path)
    : CatalogDataset(
          std::move(catalog),
          [&] {
            std::vector<std::string> bands;
            for (const size_t place : places) {
              bands.push_back(file_bands[place]);
            }
            return bands;
          }(),
          kind,
          path),
      files_(std::move(files)),
      num_file_bands_(file_bands.size()),
      type_(type),
      places_(std::move(places)) {}

Image PictureDataset::read(int64_t index) const {
  const auto& file = files_[static_cast<size_t>(index)];
  Image image = raster::read_image(file);
  if (image.type() != type_) {
    fail(
        ErrorCode::kCorruptData,
        "{} has {} pixels, the first image of the data set has {}",
        file.string(),
        type_name(image.type()),
        type_name(type_));
  }
  const auto num_bands = static_cast<size_t>(image.num_bands());
  const size_t last = *std::max_element(places_.begin(), places_.end());
  const bool is_color =
      last < 3 && (num_file_bands_ == 3 || num_file_bands_ == 4);
  const bool is_grey = num_bands == 1 && is_color;
  const bool is_usable =
      num_bands == num_file_bands_ ||
      (is_color && (num_bands == 1 || num_bands == 3 || num_bands == 4));
  if (!is_usable) {
    fail(
        ErrorCode::kCorruptData,
        "{} has {} band(s), the first image of the data set has {}",
        file.string(),
        num_bands,
        num_file_bands_);
  }
  const bool is_whole = num_bands == places_.size() &&
                        std::is_sorted(places_.begin(), places_.end());
  if (is_whole) {
    return image;
  }
  Image chosen(
      static_cast<int64_t>(places_.size()),
      image.height(),
      image.width(),
      image.type());
  for (size_t b = 0; b < places_.size(); ++b) {
    copy_band(image, is_grey ? 0 : places_[b], chosen, static_cast<int64_t>(b));
  }
  return chosen;
}

std::vector<fs::path> PictureDataset::files(int64_t index) const {
  return {files_[static_cast<size_t>(index)]};
}

std::unique_ptr<Dataset> make_picture_dataset(
    Catalog catalog,
    std::vector<fs::path> files,
    const DatasetOptions& options,
    const std::string& kind) {
  NADIR_ASSERT(catalog.names.size() == files.size() && !files.empty());
  const auto [file_bands, type] = tell_bands(files);
  auto places = choose_bands(options.bands, file_bands);
  const bool has_alpha = file_bands.size() == 4 && file_bands[3] == "A";
  if (options.bands.empty() && has_alpha) {
    places.pop_back();
  }
  const auto rows = choose_rows(catalog, options);
  std::vector<fs::path> chosen;
  for (const int64_t row : rows) {
    chosen.push_back(std::move(files[static_cast<size_t>(row)]));
  }
  return std::make_unique<PictureDataset>(
      catalog.rows(rows),
      std::move(chosen),
      file_bands,
      type,
      std::move(places),
      kind,
      options.data);
}

}  // namespace nadir::data
