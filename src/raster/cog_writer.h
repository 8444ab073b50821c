// Cloud-optimised GeoTIFFs of float32 bands, larger than memory: rows go to a
// plain GeoTIFF beside the file, .NAME.rows, as they come, and become tiles
// with overviews at the end. One writer of a file at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "raster/geotiff.h"

namespace nadir::raster {

struct CogLayout {
  int64_t height = 0;
  int64_t width = 0;
  Georeference georeference;            // of the file's own pixels
  std::vector<std::string> band_names;  // one a band
  std::map<std::string, std::string> metadata;
};

// NaN is the nodata value; tiles are compressed without loss (deflate with the
// floating-point predictor), overviews are means. Not thread-safe.
class CogWriter {
 public:
  // Makes missing parent folders. Throws Error{kIo}, and
  // Error{kInvalidArgument} on a projection that GDAL does not know.
  CogWriter(std::filesystem::path path, const CogLayout& layout);
  // Removes what is not finished; `path` is then as it was.
  ~CogWriter();
  CogWriter(const CogWriter&) = delete;
  CogWriter& operator=(const CogWriter&) = delete;

  // One row, [bands, width]; every row must be written. Throws Error{kIo}.
  void write_row(int64_t row, std::span<const float> values);

  // Replaces `path`; the writer is spent then. Throws Error{kIo}, and Stopped
  // after a signal; then `path` is as it was.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The georeference of a grid whose pixels are `factor` times as wide and high
// as those of `grid`, from the same corner.
[[nodiscard]] Georeference coarser(const Georeference& grid, double factor);

}  // namespace nadir::raster
