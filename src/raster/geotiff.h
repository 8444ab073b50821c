// GeoTIFF files through GDAL: whole files, chosen bands, windows of large
// scenes, and files in memory. What GDAL reports as an error is thrown as
// Error{kCorruptData} (or kNotFound, kIo) that names the file.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raster/claimed_size.h"
#include "raster/image.h"

namespace nadir::raster {

// Where pixels lie: x = t[0] + col t[1] + row t[2], y = t[3] + col t[4] +
// row t[5], for the pixel's upper-left corner, in the units of `crs`.
struct Georeference {
  std::string crs;  // WKT or "EPSG:32633"; "" if unknown
  std::array<double, 6> transform = {0, 1, 0, 0, 0, 1};
};

// The georeference of the grid whose first pixel is (row, col) of `grid`.
[[nodiscard]] Georeference shifted(
    const Georeference& grid, int64_t row, int64_t col);

struct RasterInfo {
  int64_t num_bands = 0;
  int64_t height = 0;
  int64_t width = 0;
  PixelType type = PixelType::kUint8;
  Georeference georeference;
  std::vector<std::string> band_names;  // descriptions; "" where there is none
  std::optional<double> nodata;         // of the first band
};

// An open raster file, for reading windows. Not thread-safe: one per thread.
class RasterReader {
 public:
  // Throws Error{kNotFound} if there is no such file, Error{kCorruptData} if
  // GDAL cannot open it or its pixels are complex.
  explicit RasterReader(const std::filesystem::path& path);
  ~RasterReader();
  RasterReader(RasterReader&&) noexcept;
  RasterReader& operator=(RasterReader&&) noexcept;

  [[nodiscard]] const RasterInfo& info() const;

  // `bands` are indices from 0 in the wanted order; empty means all. The
  // window must lie inside. 32- and 64-bit types arrive as float32.
  [[nodiscard]] Image read_window(
      int64_t row,
      int64_t col,
      int64_t height,
      int64_t width,
      std::span<const int> bands = {}) const;

  [[nodiscard]] Image read(std::span<const int> bands = {}) const;

 private:
  friend Image decode_raster(std::string_view, const std::string&, int64_t);
  friend RasterInfo decode_raster_info(std::string_view, const std::string&);
  struct State;
  RasterReader(const std::string& gdal_path, const std::string& name);
  std::unique_ptr<State> state_;
};

[[nodiscard]] RasterInfo read_raster_info(const std::filesystem::path& path);

// All pixels of a file in memory: read_strip_tiff() where that layout fits,
// GDAL elsewhere. `name` is for messages. Pixels of more than `max_bytes` are
// refused before they are allocated, and so are blocks of such a size.
// Thread-safe.
[[nodiscard]] Image decode_raster(
    std::string_view bytes,
    const std::string& name,
    int64_t max_bytes = kAnySize);

// Size, type and georeference of a file in memory. Thread-safe.
[[nodiscard]] RasterInfo decode_raster_info(
    std::string_view bytes, const std::string& name);

// A GeoTIFF laid out as BigEarthNet's are: uncompressed strips of at most 8
// KiB, several bands in separate planes, pixel is area. Thread-safe. (Their
// writer stored the strips' sizes as 4-byte numbers, GDAL's takes 2 bytes.)
[[nodiscard]] std::string encode_geotiff(
    const Image& image, const Georeference& georeference);

// The same into a file in a folder that exists. Neither atomic nor
// synchronised: meant for many small files at once. Throws Error{kIo}.
void write_geotiff(
    const std::filesystem::path& path,
    const Image& image,
    const Georeference& georeference);

// GDAL's version, "3.6.2".
[[nodiscard]] std::string gdal_version();

}  // namespace nadir::raster
