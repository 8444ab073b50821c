// The land of a synthetic scene: which of CORINE's 43 classes lies where.
// Districts of about a kilometre take the class that suits their place best;
// sea, beaches, lakes, rivers and villages lie over them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synth/scenes.h"

namespace nadir::synth {

// In the order of BigEarthNet's 43 names, labels_43().
enum class LandCover : uint8_t {
  kContinuousUrban,
  kDiscontinuousUrban,
  kIndustrial,
  kRoadsAndRail,
  kPort,
  kAirport,
  kMineralExtraction,
  kDump,
  kConstruction,
  kGreenUrban,
  kSportAndLeisure,
  kArable,
  kIrrigated,
  kRice,
  kVineyard,
  kFruit,
  kOlive,
  kPasture,
  kAnnualWithPermanent,
  kComplexCultivation,
  kAgricultureWithNature,
  kAgroForestry,
  kBroadLeaved,
  kConiferous,
  kMixedForest,
  kNaturalGrassland,
  kMoor,
  kSclerophyllous,
  kTransitionalWoodland,
  kBeach,
  kBareRock,
  kSparseVegetation,
  kBurnt,
  kInlandMarsh,
  kPeatbog,
  kSaltMarsh,
  kSaline,
  kIntertidalFlat,
  kWaterCourse,
  kWaterBody,
  kLagoon,
  kEstuary,
  kSea
};
inline constexpr int kNumLandCovers = 43;

// The class's name among BigEarthNet's 43, e.g. "Sea and ocean".
[[nodiscard]] const std::string& label_name(LandCover cover);

// A piece of land of one class and one history.
struct District {
  LandCover cover = LandCover::kSea;
  uint32_t id = 0;      // random bits of its own
  float cos_angle = 1;  // the direction its parcels, rows and streets follow
  float sin_angle = 0;
  float scale = 1;  // of its parcels, 0.75 ... 1.35
};

// A window of a scene's land, row by row; `district` points into `districts`.
struct LandWindow {
  int32_t width = 0;
  int32_t height = 0;
  std::vector<LandCover> cover;
  std::vector<uint16_t> district;
  std::vector<District> districts;
};

// The land under columns col .. col + width - 1 and rows row .. row + height -
// 1 of the scene's tile, every `step`-th pixel of it. Pure.
[[nodiscard]] LandWindow make_land(
    const Scene& scene,
    uint64_t seed,
    int32_t col,
    int32_t row,
    int32_t width,
    int32_t height,
    int32_t step = 1);

// The tile's relief at a pixel, about -2 ... 2.
[[nodiscard]] float elevation_at(uint32_t land_seed, float x, float y);

// The seed of a tile's land: the same for all scenes of that tile.
[[nodiscard]] uint32_t land_seed(const Scene& scene, uint64_t seed);

// The classes that cover at least `min_share` of the window, in the order of
// the 43 names; the largest alone if none does.
[[nodiscard]] std::vector<LandCover> dominant_covers(
    const LandWindow& land, double min_share);

}  // namespace nadir::synth
