// Reads the one TIFF layout that BigEarthNet stores, without GDAL: little
// endian, one band, uncompressed strips (TIFF 6.0, Adobe 1992). From memory,
// and bounds-checked: bytes may come from a damaged archive.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "raster/image.h"

namespace nadir::raster {

// The band as [1, height, width] of uint8, uint16, int16 or float32; nothing
// if the bytes are a file of any other layout (tiled, compressed, several
// bands, big endian, BigTIFF, or no TIFF at all), which is GDAL's to read.
// `name` is for messages. Throws Error{kCorruptData} where the layout is this
// one but pixels or tags lie outside `bytes`.
[[nodiscard]] std::optional<Image> read_strip_tiff(
    std::string_view bytes, const std::string& name);

}  // namespace nadir::raster
