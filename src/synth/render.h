// From land to what the satellite records of it: 12 bands of digital numbers
// at their own resolutions, with light, haze, clouds, snow and noise.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "synth/land_cover.h"
#include "synth/scenes.h"

namespace nadir::synth {

// B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12 and their pixel sizes.
struct BandInfo {
  const char* name;
  int gsd_m;
};

inline constexpr std::array<BandInfo, 12> kBands = {{
    {"B01", 60},
    {"B02", 10},
    {"B03", 10},
    {"B04", 10},
    {"B05", 20},
    {"B06", 20},
    {"B07", 20},
    {"B08", 10},
    {"B8A", 20},
    {"B09", 60},
    {"B11", 20},
    {"B12", 20},
}};

struct SyntheticPatch {
  std::array<std::vector<uint16_t>, 12> bands;  // row by row
  std::vector<LandCover> labels;                // in the order of the 43
  std::vector<LandCover> land;                  // 120 x 120, row by row
  bool has_snow = false;                        // seasonal snow over much of it
  bool has_cloud_or_shadow = false;
};

// A class is a label of a patch if it covers this share of it.
inline constexpr double kMinLabelShare = 0.04;

// The patch at `place`. Pure: the same bytes on any thread in any order.
[[nodiscard]] SyntheticPatch render_patch(
    const PatchPlace& place, uint64_t seed);

// The labels alone, from every `step`-th pixel; step 1 gives those of
// render_patch().
[[nodiscard]] std::vector<LandCover> patch_labels(
    const PatchPlace& place, uint64_t seed, int step = 1);

}  // namespace nadir::synth
