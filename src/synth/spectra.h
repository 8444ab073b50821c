// What the ground reflects: spectra of materials over Sentinel-2's 12 bands
// and how they go with the season. Figures are rounded from typical surface
// reflectances, in units of 1 / 10,000.
#pragma once

#include <array>
#include <cstdint>

#include "synth/scenes.h"

namespace nadir::synth {

inline constexpr int kNumBands = 12;  // B01 ... B08, B8A, B09, B11, B12

enum class Material : uint8_t {
  kClearWater,
  kTurbidWater,
  kMud,
  kConifer,
  kBroadLeaf,
  kShrub,
  kHeath,
  kCrop,
  kRipeCrop,
  kFlower,
  kGrass,
  kDryGrass,
  kReed,
  kPeat,
  kDarkSoil,
  kLightSoil,
  kRedSoil,
  kSand,
  kRock,
  kSalt,
  kAsphalt,
  kConcrete,
  kRedRoof,
  kBrightRoof,
  kBurnt,
  kShadow,
  kSnow
};
inline constexpr int kNumMaterials = 27;

// How far the year is at a scene, each 0 ... 1.
struct SeasonState {
  float leaf = 0;           // deciduous leaves out
  float grass = 0;          // grass green rather than dry
  float winter_cereal = 0;  // green cover of three kinds of crop
  float summer_crop = 0;
  float oilseed = 0;
  float cereal_ripe = 0;  // ripe or stubble
  float summer_ripe = 0;
  float flower = 0;   // oilseed in flower
  float sun_low = 0;  // 0 at midsummer, 1 at midwinter
};

[[nodiscard]] SeasonState season_state(Biome biome, int day_of_year);

// Reflectance of each material in each band at a scene's season.
using Spectra = std::array<std::array<float, kNumBands>, kNumMaterials>;
[[nodiscard]] Spectra spectra_at(const SeasonState& season);

}  // namespace nadir::synth
