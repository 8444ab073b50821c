#include "raster/geotiff.h"

#include <atomic>
#include <fstream>
#include <numeric>

#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <gdal.h>

#include <fmt/format.h>

#include "raster/claimed_size.h"
#include "raster/gdal_dataset.h"
#include "raster/gdal_session.h"
#include "raster/strip_tiff.h"

namespace nadir::raster {
namespace {

// A path under /vsimem/ that no other call uses.
std::string unique_memory_path() {
  static std::atomic<uint64_t> next = 0;
  return fmt::format("/vsimem/nadir-{}.tif", next++);
}

// A file in GDAL's memory; the bytes stay the caller's.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : path_(unique_memory_path()) {
    // GDAL takes a plain pointer, but these files are opened for reading only.
    auto* data = reinterpret_cast<GByte*>(const_cast<char*>(bytes.data()));
    VSIFCloseL(VSIFileFromMemBuffer(path_.c_str(), data, bytes.size(), FALSE));
  }

  ~MemoryFile() { VSIUnlink(path_.c_str()); }

  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Height and width of what GDAL decodes at once: a small image may claim tiles
// of a gigabyte.
std::pair<int64_t, int64_t> block_size(GDALDatasetH dataset) {
  int width = 0;
  int height = 0;
  GDALGetBlockSize(GDALGetRasterBand(dataset, 1), &width, &height);
  return {height, width};
}

DatasetPtr create_geotiff(const std::string& path, const Image& image) {
  char by_band[] = "INTERLEAVE=BAND";
  char* several[] = {by_band, nullptr};
  return DatasetPtr(GDALCreate(
      GDALGetDriverByName("GTiff"),
      path.c_str(),
      static_cast<int>(image.width()),
      static_cast<int>(image.height()),
      static_cast<int>(image.num_bands()),
      to_gdal(image.type()),
      image.num_bands() > 1 ? several : nullptr));
}

bool write_pixels(GDALDatasetH dataset, const Image& image) {
  const auto width = static_cast<int>(image.width());
  const auto height = static_cast<int>(image.height());
  auto* pixels = const_cast<std::byte*>(image.bytes().data());  // only read
  return GDALDatasetRasterIO(
             dataset,
             GF_Write,
             0,
             0,
             width,
             height,
             pixels,
             width,
             height,
             to_gdal(image.type()),
             static_cast<int>(image.num_bands()),
             nullptr,
             0,
             0,
             0) == CE_None;
}

}  // namespace

Georeference shifted(const Georeference& grid, int64_t row, int64_t col) {
  Georeference moved = grid;
  const auto& t = grid.transform;
  const auto x = static_cast<double>(col);
  const auto y = static_cast<double>(row);
  moved.transform[0] += x * t[1] + y * t[2];
  moved.transform[3] += x * t[4] + y * t[5];
  return moved;
}

struct RasterReader::State {
  std::string name;
  DatasetPtr dataset;
  RasterInfo info;
};

RasterReader::RasterReader(
    const std::string& gdal_path, const std::string& name)
    : state_(std::make_unique<State>()) {
  const GdalErrors errors;
  state_->name = name;
  // One driver only: a file that calls itself .tif may be a GDAL VRT, which
  // makes GDAL read other files and addresses.
  const char* drivers[] = {"GTiff", nullptr};
  state_->dataset.reset(GDALOpenEx(
      gdal_path.c_str(),
      GDAL_OF_RASTER | GDAL_OF_READONLY,
      drivers,
      nullptr,
      nullptr));
  if (!state_->dataset) {
    fail(ErrorCode::kCorruptData, "{}: {}", name, errors.text());
  }
  state_->info = info_of(state_->dataset.get(), name);
}

RasterReader::RasterReader(const std::filesystem::path& path)
    : RasterReader(
          [&path] {
            if (!std::filesystem::exists(path)) {
              fail(ErrorCode::kNotFound, "{}: no such file", path.string());
            }
            return path.string();
          }(),
          path.string()) {}

RasterReader::~RasterReader() = default;
RasterReader::RasterReader(RasterReader&&) noexcept = default;
RasterReader& RasterReader::operator=(RasterReader&&) noexcept = default;

const RasterInfo& RasterReader::info() const {
  return state_->info;
}

Image RasterReader::read_window(
    int64_t row,
    int64_t col,
    int64_t height,
    int64_t width,
    std::span<const int> bands) const {
  const RasterInfo& raster = state_->info;
  NADIR_CHECK(
      row >= 0 && col >= 0 && height > 0 && width > 0 &&
          row + height <= raster.height && col + width <= raster.width,
      "{}: the window of {} x {} pixels at row {}, column {} is not inside "
      "its {} x {}",
      state_->name,
      height,
      width,
      row,
      col,
      raster.height,
      raster.width);
  std::vector<int> numbers(static_cast<size_t>(raster.num_bands));
  std::iota(numbers.begin(), numbers.end(), 1);
  if (!bands.empty()) {
    numbers.clear();
    for (const int band : bands) {
      NADIR_CHECK(
          band >= 0 && band < raster.num_bands,
          "{}: band {} is not there, it has {}",
          state_->name,
          band + 1,
          raster.num_bands);
      numbers.push_back(band + 1);
    }
  }
  Image image(static_cast<int64_t>(numbers.size()), height, width, raster.type);
  const GdalErrors errors;
  const auto result = GDALDatasetRasterIO(
      state_->dataset.get(),
      GF_Read,
      static_cast<int>(col),
      static_cast<int>(row),
      static_cast<int>(width),
      static_cast<int>(height),
      image.bytes().data(),
      static_cast<int>(width),
      static_cast<int>(height),
      to_gdal(raster.type),
      static_cast<int>(numbers.size()),
      numbers.data(),
      0,
      0,
      0);
  if (result != CE_None) {
    fail(ErrorCode::kCorruptData, "{}: {}", state_->name, errors.text());
  }
  return image;
}

Image RasterReader::read(std::span<const int> bands) const {
  return read_window(0, 0, info().height, info().width, bands);
}

RasterInfo read_raster_info(const std::filesystem::path& path) {
  return RasterReader(path).info();
}

Image decode_raster(
    std::string_view bytes, const std::string& name, int64_t max_bytes) {
  if (bytes.empty()) {
    fail(ErrorCode::kCorruptData, "{}: the file is empty", name);
  }
  if (auto image = read_strip_tiff(bytes, name)) {
    return *std::move(image);
  }
  register_gdal();
  const MemoryFile file(bytes);
  const RasterReader reader(file.path(), name);
  const RasterInfo& info = reader.info();
  check_claimed_size(
      info.num_bands,
      info.height,
      info.width,
      bytes_per_pixel(info.type),
      bytes.size(),
      name,
      max_bytes);
  const auto [block_height, block_width] =
      block_size(reader.state_->dataset.get());
  check_claimed_size(
      info.num_bands,
      block_height,
      block_width,
      bytes_per_pixel(info.type),
      bytes.size(),
      name,
      max_bytes);
  return reader.read();
}

RasterInfo decode_raster_info(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) {
    fail(ErrorCode::kCorruptData, "{}: the file is empty", name);
  }
  register_gdal();
  const MemoryFile file(bytes);
  return RasterReader(file.path(), name).info();
}

std::string encode_geotiff(
    const Image& image, const Georeference& georeference) {
  NADIR_CHECK(!image.empty(), "a GeoTIFF needs at least one pixel, got none");
  const std::string wkt =
      georeference.crs.empty() ? "" : to_wkt(georeference.crs);
  const std::string path = unique_memory_path();
  const GdalErrors errors;
  DatasetPtr dataset = create_geotiff(path, image);
  bool is_written = dataset != nullptr;
  if (is_written && !wkt.empty()) {
    auto transform = georeference.transform;
    is_written =
        GDALSetProjection(dataset.get(), wkt.c_str()) == CE_None &&
        GDALSetGeoTransform(dataset.get(), transform.data()) == CE_None;
  }
  is_written = is_written && write_pixels(dataset.get(), image);
  dataset.reset();  // the file is complete only now
  vsi_l_offset num_bytes = 0;
  GByte* bytes = VSIGetMemFileBuffer(path.c_str(), &num_bytes, TRUE);
  std::string file(
      reinterpret_cast<const char*>(bytes), static_cast<size_t>(num_bytes));
  VSIFree(bytes);
  if (!is_written) {
    fail(ErrorCode::kIo, "could not encode a GeoTIFF: {}", errors.text());
  }
  return file;
}

void write_geotiff(
    const std::filesystem::path& path,
    const Image& image,
    const Georeference& georeference) {
  const std::string bytes = encode_geotiff(image, georeference);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    fail(ErrorCode::kIo, "{}: could not be written", path.string());
  }
}

std::string gdal_version() {
  return GDALVersionInfo("RELEASE_NAME");
}

}  // namespace nadir::raster
