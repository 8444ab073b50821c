// Bands of a tile as pictures for people.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "raster/image.h"

namespace nadir::eval {

// Three bands, by their places, that are shown as red, green and blue.
struct Composite {
  std::string name;
  std::array<int64_t, 3> bands = {0, 0, 0};
};

// Those that the bands allow: for Sentinel-2 "true colour" (B04, B03, B02),
// "colour infrared" (B08, B04, B03), "short-wave infrared" (B12, B8A, B04) and
// "agriculture" (B11, B08, B02), where their bands are there; else "colour" of
// the first three, of which one may stand for several. At least one.
[[nodiscard]] std::vector<Composite> composites_of(
    const std::vector<std::string>& bands);

// An RGB uint8 picture of three bands of `tile`, each stretched from its 2nd to
// its 98th percentile unless the tile is 8-bit.
[[nodiscard]] raster::Image composite_picture(
    const raster::Image& tile, const Composite& composite);

// The first of composites_of().
[[nodiscard]] raster::Image visible_picture(
    const raster::Image& tile, const std::vector<std::string>& bands);

// All digital numbers of a band.
[[nodiscard]] std::vector<double> band_values(
    const raster::Image& tile, int64_t band);

// The 2nd and 98th percentile of values, of which there must be one; the second
// is greater.
[[nodiscard]] std::array<double, 2> spread(std::vector<double> values);

// 0..1 to 0..255, what lies beyond to the ends, NaN to 0.
[[nodiscard]] uint8_t to_byte(double unit);

}  // namespace nadir::eval
