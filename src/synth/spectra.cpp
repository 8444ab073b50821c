#include "synth/spectra.h"

#include <algorithm>
#include <cmath>

#include "synth/noise.h"

namespace nadir::synth {
namespace {

// clang-format off
constexpr Spectra kSummer = {{
    //B01   B02   B03   B04   B05   B06   B07   B08   B8A   B09   B11   B12
    { 260,  240,  220,  140,  120,  100,  100,   90,   90,   80,   50,   35},
    { 420,  480,  680,  620,  520,  330,  310,  250,  220,  180,   80,   55},
    { 560,  640,  780,  830,  880,  880,  900,  900,  900,  850,  500,  350},
    { 190,  225,  365,  265,  620, 1600, 1900, 2050, 2150, 2150, 1000,  480},
    { 200,  250,  450,  290,  800, 2500, 3100, 3300, 3500, 3400, 1650,  740},
    { 240,  300,  480,  430,  850, 1700, 1950, 2100, 2250, 2200, 1700,  950},
    { 260,  310,  440,  480,  800, 1300, 1500, 1650, 1800, 1800, 1650, 1000},
    { 240,  310,  600,  350,  950, 3000, 3900, 4100, 4300, 4200, 1800,  850},
    { 480,  620,  950, 1150, 1600, 2100, 2300, 2500, 2700, 2700, 2900, 2000},
    { 300,  400, 1150,  950, 1600, 3000, 3500, 3700, 3900, 3800, 2000, 1000},
    { 250,  330,  630,  430, 1050, 2600, 3100, 3300, 3500, 3400, 2050, 1080},
    { 430,  560,  850,  980, 1400, 2000, 2250, 2400, 2600, 2600, 2950, 2000},
    { 270,  340,  540,  480,  880, 1700, 2000, 2150, 2300, 2250, 1500,  850},
    { 250,  300,  430,  500,  760, 1100, 1250, 1400, 1550, 1600, 1450,  880},
    { 400,  480,  650,  800, 1000, 1150, 1250, 1400, 1550, 1600, 2000, 1700},
    { 720,  900, 1230, 1560, 1850, 2050, 2200, 2400, 2550, 2500, 3200, 2700},
    { 430,  510,  800, 1350, 1700, 1900, 2100, 2250, 2450, 2400, 3100, 2500},
    {1250, 1500, 1850, 2150, 2350, 2500, 2600, 2700, 2800, 2750, 3300, 2900},
    { 800,  950, 1100, 1250, 1350, 1450, 1500, 1600, 1700, 1650, 1950, 1750},
    {2300, 2500, 2650, 2700, 2700, 2650, 2600, 2550, 2500, 2300, 1300,  900},
    { 650,  720,  800,  860,  930,  980, 1020, 1080, 1130, 1130, 1250, 1150},
    { 950, 1080, 1200, 1270, 1380, 1480, 1550, 1650, 1720, 1700, 1850, 1650},
    { 650,  720,  900, 1250, 1500, 1680, 1780, 1900, 2000, 1950, 2300, 2050},
    {1700, 1900, 2050, 2120, 2200, 2280, 2320, 2400, 2450, 2350, 2350, 2150},
    { 290,  320,  370,  430,  520,  620,  680,  780,  880,  920, 1500, 1450},
    { 140,  140,  150,  120,  210,  380,  430,  450,  460,  460,  260,  160},
    {8200, 8400, 8300, 8150, 8050, 7900, 7750, 7650, 7400, 7000,  900,  700},
}};

// Without leaves: twigs and litter.
constexpr std::array<float, kNumBands> kBareTwigs =
    { 300,  370,  490,  540,  800, 1200, 1350, 1500, 1650, 1700, 1700, 1050};

// clang-format on

// 1 between `begin` and `end`, with slopes of `slope` days around.
float period(float day, float begin, float end, float slope) {
  return smooth_step(begin - slope, begin + slope, day) *
         (1 - smooth_step(end - slope, end + slope, day));
}

}  // namespace

SeasonState season_state(Biome biome, int day_of_year) {
  // Days by which spring comes later than in Central Europe.
  static constexpr std::array<float, 5> kDelay = {24, -4, 0, 14, -38};
  const auto day = static_cast<float>(day_of_year);
  const float delay = kDelay[static_cast<size_t>(biome)];
  SeasonState state;
  state.leaf = period(day, 118 + delay, 298 - 0.6F * delay, 16);
  state.winter_cereal = std::max(
      period(day, 85 + delay, 182 + delay, 26),
      0.45F * smooth_step(290, 330, day) + 0.45F * (day < 90 ? 1.0F : 0.0F));
  state.summer_crop = period(day, 160 + delay, 258 + 0.3F * delay, 22);
  state.oilseed = std::max(
      period(day, 75 + delay, 178 + delay, 22),
      0.6F * smooth_step(265, 300, day));
  state.cereal_ripe = period(day, 178 + delay, 250 + delay, 14);
  state.summer_ripe = period(day, 248, 292, 14);
  state.flower = period(day, 116 + delay, 136 + delay, 6);
  const float drought = period(day, 165, 280, 25);
  state.grass = biome == Biome::kMediterranean
                    ? 0.85F - 0.8F * drought
                    : 0.4F + 0.6F * period(day, 100 + delay, 295, 25) -
                          0.25F * drought * (biome == Biome::kAtlantic ? 0 : 1);
  state.sun_low = 0.5F + 0.5F * std::cos((day + 9) * 6.2831853F / 365);
  return state;
}

Spectra spectra_at(const SeasonState& season) {
  Spectra spectra = kSummer;
  const auto blend = [&](Material material, const auto& other, float share) {
    auto& own = spectra[static_cast<size_t>(material)];
    for (size_t b = 0; b < own.size(); ++b) {
      own[b] += share * (other[b] - own[b]);
    }
  };
  const auto of = [](Material material) {
    return kSummer[static_cast<size_t>(material)];
  };
  blend(Material::kBroadLeaf, kBareTwigs, 0.9F * (1 - season.leaf));
  blend(Material::kGrass, of(Material::kDryGrass), 0.75F * (1 - season.grass));
  blend(Material::kShrub, kBareTwigs, 0.35F * (1 - season.leaf));
  blend(Material::kHeath, of(Material::kPeat), 0.3F * (1 - season.leaf));
  blend(Material::kReed, of(Material::kDryGrass), 0.5F * (1 - season.leaf));
  blend(Material::kConifer, of(Material::kShadow), 0.25F * season.sun_low);
  return spectra;
}

}  // namespace nadir::synth
