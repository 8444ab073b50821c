// What the files of this room that read and write rasters share: GDAL's data
// sets with an owner, and its names of types and projections. Private to the
// room.
#pragma once

#include <memory>
#include <string>

#include <gdal.h>

#include "raster/geotiff.h"
#include "raster/image.h"

namespace nadir::raster {

struct DatasetCloser {
  void operator()(void* dataset) const { GDALClose(dataset); }
};

using DatasetPtr = std::unique_ptr<void, DatasetCloser>;

[[nodiscard]] GDALDataType to_gdal(PixelType type);

// What an open data set says of itself; `name` is for messages. Throws
// Error{kCorruptData} where it has no bands, or complex pixels.
[[nodiscard]] RasterInfo info_of(GDALDatasetH dataset, const std::string& name);

// Any text that names a projection, as WKT; throws Error{kInvalidArgument} if
// GDAL does not know it.
[[nodiscard]] std::string to_wkt(const std::string& crs);

}  // namespace nadir::raster
