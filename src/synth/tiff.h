// The bytes of one band as BigEarthNet v1 stores it: TIFF 6.0, little endian,
// uint16, uncompressed strips, GeoTIFF 1.0 keys (docs/formats/bigearthnet.md).
// Equal to the archive's own files byte for byte, which GDAL's writer is not.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace nadir::synth {

// A square band of `size_px` pixels of `gsd_m` metres with its upper left
// corner at (ulx, uly) of UTM zone `utm_zone` north; pixels row by row.
[[nodiscard]] std::string encode_band(
    std::span<const uint16_t> pixels,
    int size_px,
    int gsd_m,
    int utm_zone,
    double ulx,
    double uly);

}  // namespace nadir::synth
