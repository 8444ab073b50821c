#include "synth/land_cover.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/ceil_div.h"
#include "core/random.h"
#include "data/labels.h"
#include "synth/noise.h"

namespace nadir::synth {
namespace {

constexpr float kDistrictPx = 95;
constexpr uint32_t kDistrictSeed = 11;

// How well a class suits a place: weights by biome (0 = never), then what it
// gains from a unit of elevation, moisture, openness and from a town's centre.
struct Suitability {
  LandCover cover;
  std::array<float, 5> weight;  // boreal, atlantic, continental, alpine, med.
  float elevation, moisture, openness, town;
};

// clang-format off
constexpr Suitability kInland[] = {
    {LandCover::kContinuousUrban,       {.4F, 1.5F, 1, .5F, 2}, -.2F, 0, 0, 9},
    {LandCover::kDiscontinuousUrban,    {5, 9, 7, 5, 6}, -.3F, 0, .2F, 6},
    {LandCover::kIndustrial,            {4, 7, 6, 4, 6}, -.4F, 0, .3F, 5},
    {LandCover::kRoadsAndRail,          {.2F, .3F, .3F, .2F, .2F}, 0, 0, 0, 4},
    {LandCover::kAirport,               {.2F, .3F, .2F, .1F, .2F}, -1, 0, .5F, 3},
    {LandCover::kMineralExtraction,     {.4F, .3F, .4F, .4F, .5F}, .3F, 0, 0, 0},
    {LandCover::kDump,                  {.1F, .1F, .1F, .1F, .1F}, 0, 0, 0, 2},
    {LandCover::kConstruction,          {.2F, .3F, .2F, .1F, .3F}, 0, 0, 0, 4},
    {LandCover::kGreenUrban,            {.3F, .5F, .4F, .2F, .3F}, 0, 0, 0, 7},
    {LandCover::kSportAndLeisure,       {.4F, .6F, .4F, .4F, .5F}, 0, 0, 0, 3},
    {LandCover::kArable,                {9, 13, 34, 5, 12}, -.9F, -.2F, 1, 0},
    {LandCover::kIrrigated,             {0, 0, .5F, 0, 8}, -.8F, 0, .8F, 0},
    {LandCover::kRice,                  {0, 0, 0, 0, 4}, -.9F, .9F, .5F, 0},
    {LandCover::kVineyard,              {0, 0, 2, 1, 9}, .3F, -.4F, .3F, 0},
    {LandCover::kFruit,                 {.1F, .5F, 2, 1, 5}, 0, -.1F, .3F, 0},
    {LandCover::kOlive,                 {0, 0, 0, 0, 9}, .2F, -.5F, .2F, 0},
    {LandCover::kPasture,               {1.2F, 36, 8, 9, 3}, 0, .4F, .4F, 0},
    {LandCover::kAnnualWithPermanent,   {0, 0, 0, 0, 4}, 0, 0, .4F, 0},
    {LandCover::kComplexCultivation,    {4, 9, 12, 5, 11}, -.4F, 0, .6F, .5F},
    {LandCover::kAgricultureWithNature, {10, 8, 13, 7, 11}, .1F, 0, .1F, 0},
    {LandCover::kAgroForestry,          {0, 0, 0, 0, 18}, .1F, -.4F, .2F, 0},
    {LandCover::kBroadLeaved,           {7, 6, 18, 9, 12}, .3F, 0, -.7F, 0},
    {LandCover::kConiferous,            {34, 7, 7, 18, 7}, .5F, 0, -.8F, 0},
    {LandCover::kMixedForest,           {30, 6, 9, 14, 8}, .3F, 0, -.7F, 0},
    {LandCover::kNaturalGrassland,      {.3F, 2, 2.5F, 9, 3}, 1, 0, .2F, 0},
    {LandCover::kMoor,                  {1.5F, 5, .6F, 4, 3}, .9F, .2F, -.1F, 0},
    {LandCover::kSclerophyllous,        {0, 0, 0, 0, 8}, .5F, -.5F, -.3F, 0},
    {LandCover::kTransitionalWoodland,  {18, 5, 8, 6, 14}, .3F, .1F, -.5F, 0},
    {LandCover::kBareRock,              {.2F, .2F, .1F, 3, .3F}, 1.6F, 0, 0, 0},
    {LandCover::kSparseVegetation,      {.2F, .1F, .2F, 4, .8F}, 1.2F, -.3F, 0, 0},
    {LandCover::kBurnt,                 {0, 0, .1F, 0, .7F}, .4F, -.5F, -.3F, 0},
    {LandCover::kInlandMarsh,           {2.5F, 1.5F, 2, .6F, 1}, -.6F, 1.2F, 0, 0},
    {LandCover::kPeatbog,               {8, 9, .6F, .4F, 0}, .2F, 1, 0, 0},
};
constexpr Suitability kCoastal[] = {
    {LandCover::kBeach,          {2, 4, 5, 0, 4}, 0, 0, .3F, 0},
    {LandCover::kSaltMarsh,      {2, 5, 3, 0, 5}, 0, .5F, 0, 0},
    {LandCover::kSaline,         {0, 0, 0, 0, 6}, 0, 0, 0, 0},
    {LandCover::kIntertidalFlat, {0, 4, 0, 0, 2}, 0, 0, 0, 0},
    {LandCover::kPort,           {.5F, 1, 1, 0, 1}, 0, 0, 0, 4},
};

// clang-format on

// Shares by biome of what lies over the districts.
struct Overlay {
  float sea;    // quantile of the coast field
  float lakes;  // threshold of the lake field
  float river_width_px;
  float village;  // chance of a village in a cell of 1.6 km
  float town;     // chance of a town in a cell of 4.2 km
};

constexpr std::array<Overlay, 5> kOverlays = {{
    {-0.80F, 1.40F, 3.0F, 0.12F, 0.40F},
    {-0.75F, 2.15F, 3.5F, 0.30F, 0.65F},
    {-0.90F, 2.20F, 4.0F, 0.35F, 0.65F},
    {-9.00F, 2.10F, 3.5F, 0.22F, 0.50F},
    {-0.65F, 2.25F, 4.0F, 0.25F, 0.60F},
}};

// Distance to the nearest town in its radii: 0 at the centre, 1 at the rim;
// at most 2.
float town_distance(float x, float y, float chance, uint32_t seed) {
  constexpr float kCellPx = 420;
  float nearest = 2;
  const int32_t col = floor_int(x / kCellPx);
  const int32_t row = floor_int(y / kCellPx);
  for (int32_t r = row - 1; r <= row + 1; ++r) {
    for (int32_t c = col - 1; c <= col + 1; ++c) {
      const uint32_t h = hash(c, r, seed);
      if (unit(h, 3) < chance) {
        float px = 0;
        float py = 0;
        cell_point(c, r, kCellPx, seed, &px, &py);
        const float radius = 50 + 150 * unit(h, 4) * unit(h, 5);
        nearest = std::min(nearest, std::hypot(x - px, y - py) / radius);
      }
    }
  }
  return nearest;
}

// One tile's land; all methods are pure functions of the place.
class Land {
 public:
  Land(const Scene& scene, uint32_t seed)
      : seed_(seed),
        biome_(static_cast<size_t>(scene.biome)),
        overlay_(kOverlays[static_cast<size_t>(scene.biome)]),
        has_coast_(scene.has_coast) {}

  // Height above the sea in about 10 m pixels of distance to the shore.
  [[nodiscard]] float shore(float x, float y) const {
    if (!has_coast_) {
      return 1e6F;
    }
    const float field = fractal_noise(x, y, 700, 6, seed_ + 1);
    return (field - overlay_.sea) * 170;
  }

  [[nodiscard]] District district(int32_t col, int32_t row) const {
    District district;
    district.id = hash(col, row, seed_ + 7);
    float x = 0;
    float y = 0;
    cell_point(col, row, kDistrictPx, seed_ + kDistrictSeed, &x, &y);
    district.cover = choose_cover(x, y, district.id);
    // Neighbouring districts follow the same lie of the land, roughly.
    const float angle = 3.14159265F * (fractal_noise(x, y, 500, 2, seed_ + 8) +
                                       0.25F * unit(district.id, 1));
    district.cos_angle = std::cos(angle);
    district.sin_angle = std::sin(angle);
    district.scale = 0.75F + 0.6F * unit(district.id, 2);
    return district;
  }

  // What lies over the district at a place, or the district's own class.
  [[nodiscard]] LandCover cover(
      float x, float y, const District& district) const {
    const float above = shore(x, y);
    if (above < 0) {
      return water_at_coast(x, y, above);
    }
    if (above < 9 && fractal_noise(x, y, 260, 2, seed_ + 2) > 0.45F &&
        district.cover != LandCover::kSaltMarsh &&
        district.cover != LandCover::kPort) {
      return LandCover::kBeach;
    }
    const float lake = fractal_noise(x, y, 190, 4, seed_ + 3);
    if (lake > overlay_.lakes) {
      return above < 60 ? LandCover::kLagoon : LandCover::kWaterBody;
    }
    const float river = river_distance(x, y);
    const float widening = 1 + 9 * std::exp(-above / 40);
    if (river < overlay_.river_width_px * widening) {
      return above < 70 ? LandCover::kEstuary : LandCover::kWaterCourse;
    }
    if (is_village(x, y, district.cover)) {
      return LandCover::kDiscontinuousUrban;
    }
    return district.cover;
  }

 private:
  [[nodiscard]] LandCover water_at_coast(float x, float y, float above) const {
    // Sheltered water behind bars, tidal flats at the shore's edge.
    if (above > -45 && fractal_noise(x, y, 330, 2, seed_ + 4) > 1.2F) {
      return LandCover::kLagoon;
    }
    if (biome_ == static_cast<size_t>(Biome::kAtlantic) && above > -12 &&
        fractal_noise(x, y, 300, 2, seed_ + 5) > 0.6F) {
      return LandCover::kIntertidalFlat;
    }
    return LandCover::kSea;
  }

  // Distance in pixels to the middle of the nearest river.
  [[nodiscard]] float river_distance(float x, float y) const {
    // Some valleys are dry.
    if (noise(x / 700, y / 700, seed_ + 9) < 0.08F) {
      return 1e6F;
    }
    const auto field = [&](float px, float py) {
      return fractal_noise(px, py, 620, 4, seed_ + 6);
    };
    const float here = field(x, y);
    if (std::abs(here) > 0.3F) {
      return 1e6F;
    }
    const float dx = (field(x + 4, y) - here) / 4;
    const float dy = (field(x, y + 4) - here) / 4;
    return std::abs(here) / std::max(0.004F, std::hypot(dx, dy));
  }

  [[nodiscard]] bool is_village(float x, float y, LandCover cover) const {
    const bool is_farmland =
        cover >= LandCover::kArable && cover <= LandCover::kAgroForestry;
    if (!is_farmland) {
      return false;
    }
    constexpr float kCellPx = 160;
    const Cell cell = cell_at(x, y, kCellPx, seed_ + 12);
    const uint32_t h = hash(cell.col, cell.row, seed_ + 13);
    return unit(h, 1) < overlay_.village &&
           cell.nearest * kCellPx < 7 + 17 * unit(h, 2);
  }

  [[nodiscard]] LandCover choose_cover(float x, float y, uint32_t id) const {
    const float above = shore(x, y);
    const float coastal = unit(id, 6);
    if (above < 55 && coastal < 0.5F) {
      return best_of(kCoastal, x, y, id);
    }
    return best_of(kInland, x, y, id);
  }

  template <size_t kSize>
  [[nodiscard]] LandCover best_of(
      const Suitability (&classes)[kSize],
      float x,
      float y,
      uint32_t id) const {
    const float elevation = elevation_at(seed_, x, y);
    const float moisture = fractal_noise(x, y, 420, 2, seed_ + 21);
    const float openness = fractal_noise(x, y, 520, 2, seed_ + 22);
    const float town = 1 - town_distance(x, y, overlay_.town, seed_ + 23);
    float best = -1e9F;
    LandCover cover = classes[0].cover;
    for (const Suitability& c : classes) {
      if (c.weight[biome_] <= 0) {
        continue;
      }
      const auto k = static_cast<uint32_t>(c.cover);
      // Each class has regions of its own, and chance has its say (Gumbel).
      const float region = fractal_noise(x, y, 330, 2, seed_ + 50 + k);
      const float chance = -std::log(-std::log(unit(id, 100 + k) + 1e-7F));
      const float score = std::log(c.weight[biome_]) + c.elevation * elevation +
                          c.moisture * moisture + c.openness * openness +
                          c.town * std::max(town, -1.0F) + 0.9F * region +
                          0.6F * chance;
      if (score > best) {
        best = score;
        cover = c.cover;
      }
    }
    return cover;
  }

  uint32_t seed_;
  size_t biome_;
  Overlay overlay_;
  bool has_coast_;
};

}  // namespace

const std::string& label_name(LandCover cover) {
  return data::labels_43()[static_cast<size_t>(cover)];
}

float elevation_at(uint32_t land_seed, float x, float y) {
  return fractal_noise(x, y, 640, 4, land_seed + 20);
}

uint32_t land_seed(const Scene& scene, uint64_t seed) {
  uint64_t tile = 0;
  std::memcpy(&tile, scene.tile, 5);
  return static_cast<uint32_t>(mix_hash(seed, tile));
}

LandWindow make_land(
    const Scene& scene,
    uint64_t seed,
    int32_t col,
    int32_t row,
    int32_t width,
    int32_t height,
    int32_t step) {
  const uint32_t s = land_seed(scene, seed);
  const Land land(scene, s);
  LandWindow window;
  window.width = ceil_div(width, step);
  window.height = ceil_div(height, step);
  const auto size =
      static_cast<size_t>(window.width) * static_cast<size_t>(window.height);
  window.cover.resize(size);
  window.district.resize(size);
  std::vector<std::pair<int32_t, int32_t>> known;
  size_t last = 0;
  size_t i = 0;
  for (int32_t r = 0; r < height; r += step) {
    for (int32_t c = 0; c < width; c += step, ++i) {
      const auto x = static_cast<float>(col + c);
      const auto y = static_cast<float>(row + r);
      // Borders wander: districts are found at a warped place.
      const float wx = x + 9 * fractal_noise(x, y, 70, 3, s + 31);
      const float wy = y + 9 * fractal_noise(x, y, 70, 3, s + 32);
      const Cell cell = cell_at(wx, wy, kDistrictPx, s + kDistrictSeed);
      const std::pair key{cell.col, cell.row};
      if (last >= known.size() || known[last] != key) {
        last = static_cast<size_t>(
            std::find(known.begin(), known.end(), key) - known.begin());
        if (last == known.size()) {
          known.push_back(key);
          window.districts.push_back(land.district(cell.col, cell.row));
        }
      }
      window.district[i] = static_cast<uint16_t>(last);
      window.cover[i] = land.cover(x, y, window.districts[last]);
    }
  }
  return window;
}

std::vector<LandCover> dominant_covers(
    const LandWindow& land, double min_share) {
  std::array<int64_t, kNumLandCovers> count{};
  for (const LandCover cover : land.cover) {
    ++count[static_cast<size_t>(cover)];
  }
  const auto least = min_share * static_cast<double>(land.cover.size());
  std::vector<LandCover> covers;
  for (size_t k = 0; k < count.size(); ++k) {
    if (static_cast<double>(count[k]) >= least) {
      covers.push_back(static_cast<LandCover>(k));
    }
  }
  if (covers.empty()) {
    const auto largest = std::max_element(count.begin(), count.end());
    covers.push_back(static_cast<LandCover>(largest - count.begin()));
  }
  return covers;
}

}  // namespace nadir::synth
