// The JSON beside every patch of BigEarthNet v1, and the patch's footprint.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "raster/geotiff.h"
#include "raster/projection.h"

namespace nadir::data {

// Corners in the units of `projection`.
struct PatchBox {
  std::string projection;  // WKT or "EPSG:n"
  double ulx = 0;
  double uly = 0;
  double lrx = 0;
  double lry = 0;
};

struct PatchMetadata {
  std::vector<std::string> labels;  // 43-class names, order of the file
  std::string tile_source;          // the L1C product
  std::string acquisition_date;     // "YYYY-MM-DD HH:MM:SS"
  PatchBox box;
};

// Throws Error{kCorruptData} naming the key if the text is no JSON, one of the
// five keys is missing or of another type, or there are no labels. Further
// keys are ignored; the misprint `lly` for `lry` is accepted.
[[nodiscard]] PatchMetadata parse_patch_metadata(std::string_view json);

// The labels alone. Throws as parse_patch_metadata() does.
[[nodiscard]] std::vector<std::string> parse_patch_labels(
    std::string_view json);

// "2017-06-13T10:10:31" and the like as "2017-06-13 10:10:31".
// Throws Error{kCorruptData} if it is no date.
[[nodiscard]] std::string normal_date(const std::string& date);

// The acquisition date that a v2 name states.
[[nodiscard]] std::string date_of_patch_name(const std::string& name);

// "Winter", "Spring", "Summer" or "Fall" by the month of a normal_date().
[[nodiscard]] const std::string& season_of(const std::string& date);

// The box of a north-up raster.
[[nodiscard]] PatchBox box_of(const raster::RasterInfo& info);

// x and y of the corners lower right, upper right, upper left, lower left in
// another projection; closed by repeating the first.
struct Ring {
  std::array<double, 5> x{};
  std::array<double, 5> y{};
};

// Throws Error{kCorruptData} if a corner has no image, Error{kInvalidArgument}
// if the box's projection is unknown.
[[nodiscard]] Ring ring_of(
    const PatchBox& box, raster::TransformerCache& transformers);

// The ring as a polygon in little-endian well-known binary, 93 bytes.
[[nodiscard]] std::string ring_wkb(const Ring& ring);

// The mean of the four corners, {x, y}: the centroid to within millimetres.
[[nodiscard]] std::array<double, 2> ring_center(const Ring& ring);

}  // namespace nadir::data
