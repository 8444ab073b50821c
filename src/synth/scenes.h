// The Sentinel-2 products that the synthetic world is cut from, and which
// patches of them are taken. Names, tiles, orbits and dates are those of
// BigEarthNet v1's products; what lies in them is invented.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nadir::synth {

enum class Biome : uint8_t {
  kBoreal,
  kAtlantic,
  kContinental,
  kAlpine,
  kMediterranean
};

// One product: a tile of 109.8 km at one date.
struct Scene {
  const char* product;  // first three parts of its patches' names
  const char* tile;     // MGRS, "33UUP"
  const char* country;
  Biome biome;
  int orbit;
  int utm_zone;  // north
  int32_t ulx;   // upper left corner of the tile, metres
  int32_t uly;
  int weight;  // relative number of patches
  bool has_coast;
  bool has_clouds;
};

[[nodiscard]] std::span<const Scene> scenes();

// "2017-06-13 10:10:31"; products with a five-digit time (T94033) or with
// impossible seconds (T94161) are mended.
[[nodiscard]] std::string acquisition_date(const Scene& scene);

// 1 ... 365 of the acquisition.
[[nodiscard]] int day_of_year(const Scene& scene);

// "Winter", "Spring", "Summer", "Fall" of the acquisition's month.
[[nodiscard]] std::string season_of(const Scene& scene);

// A patch's place: column `h` and row `v` of the tile's grid of 1,200 m.
struct PatchPlace {
  int scene = 0;  // index into scenes()
  int h = 0;
  int v = 0;
};

inline constexpr int kPatchPx = 120;
inline constexpr int kGridSize = 88;  // patches along a tile's side used
inline constexpr int kBlockSize = 4;  // patches are taken in blocks of 4 x 4

// `num_patches` places, no two alike: blocks of neighbours, the blocks spread
// over scenes by weight and over each tile at random. Throws
// Error{kInvalidArgument} if there are not that many places.
[[nodiscard]] std::vector<PatchPlace> choose_places(
    int64_t num_patches, uint64_t seed);

// "S2A_MSIL2A_20170613T101031_87_48".
[[nodiscard]] std::string patch_name(const PatchPlace& place);

}  // namespace nadir::synth
