// The look of each class: parcels, rows, tree crowns, streets, creeks. What
// tells classes apart is mostly shape; materials and tones overlap.
#pragma once

#include <cstdint>

#include "synth/land_cover.h"
#include "synth/spectra.h"

namespace nadir::synth {

// The ground at one pixel: two materials mixed, and a factor on both.
struct Ground {
  Material first = Material::kClearWater;
  Material second = Material::kClearWater;
  float mix = 0;   // share of `second`, 0 ... 1
  float gain = 1;  // light and shade, density, moisture
};

// One pixel of the tile and what is known of it.
struct Site {
  float x = 0;
  float y = 0;
  const District* district = nullptr;
  const SeasonState* season = nullptr;
  Biome biome = Biome::kBoreal;
  uint32_t seed = 0;  // of the tile's land

  // Coordinates along and across the district's direction.
  [[nodiscard]] float along() const {
    return district->cos_angle * x + district->sin_angle * y;
  }

  [[nodiscard]] float across() const {
    return district->cos_angle * y - district->sin_angle * x;
  }
};

// The ground of a class at a site. Pure.
[[nodiscard]] Ground ground_at(LandCover cover, const Site& site);

// Parts of ground_at(), by kind of class.
[[nodiscard]] Ground built_ground(LandCover cover, const Site& site);
[[nodiscard]] Ground farm_ground(LandCover cover, const Site& site);
[[nodiscard]] Ground forest_ground(LandCover cover, const Site& site);
[[nodiscard]] Ground open_ground(LandCover cover, const Site& site);
[[nodiscard]] Ground water_ground(LandCover cover, const Site& site);

// A parcel of a rotated strip layout: strips `height` wide, cut into pieces of
// about `length`.
struct Parcel {
  uint32_t id = 0;
  float edge = 0;  // distance to the nearest border, pixels
};

[[nodiscard]] Parcel parcel_at(
    float along, float across, float length, float height, uint32_t seed);

// Cover by a round object of `radius` px that stands in a share `density` of
// cells of `spacing` px, `jitter` (0 ... 0.5) off the middle: 0 ... 1.
[[nodiscard]] float round_object(
    float u,
    float v,
    float spacing,
    float radius,
    float jitter,
    float density,
    uint32_t seed);

}  // namespace nadir::synth
