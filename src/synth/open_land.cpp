// Open land and water: grassland, heath, rock, sand, wetlands, rivers, sea.
#include <cmath>

#include "synth/noise.h"
#include "synth/texture.h"

namespace nadir::synth {
namespace {

// 1 along the branches of a net of gullies or creeks, 0 away from it.
float branches(const Site& site, float length_px, float width, uint32_t salt) {
  const float net = std::min(
      std::abs(noise(site.x / length_px, site.y / length_px, site.seed + salt)),
      1.6F * std::abs(noise(
                 2.7F * site.x / length_px,
                 2.7F * site.y / length_px,
                 site.seed + salt + 1)));
  return clamp01(1.5F - net / width);
}

Ground grassland(const Site& site) {
  const float gully = branches(site, 34, 0.1F, 90);
  const float slope = fractal_noise(site.x, site.y, 24, 3, site.seed + 92);
  Ground ground;
  ground.first = Material::kGrass;
  ground.second = gully > 0.3F ? Material::kShrub : Material::kDryGrass;
  ground.mix = clamp01(0.45F + 0.15F * slope + 0.5F * gully);
  ground.gain = 0.95F + 0.12F * slope - 0.25F * gully;
  return ground;
}

// Patches burnt in different years, drawn out along the wind.
Ground moor(const Site& site) {
  const Cell strip =
      cell_at(site.along() / 2.6F, site.across(), 12, site.district->id + 30);
  const uint32_t id = hash(strip.col, strip.row, site.district->id + 31);
  Ground ground;
  ground.first = Material::kHeath;
  ground.second = unit(id, 1) < 0.3F ? Material::kBurnt : Material::kDryGrass;
  ground.mix = 0.8F * unit(id, 2);
  ground.gain = 0.85F + 0.3F * unit(id, 3) +
                0.05F * fractal_noise(site.x, site.y, 5, 2, site.seed + 93);
  return ground;
}

// Bushes of all sizes, close together, on dry ground.
Ground sclerophyllous(const Site& site) {
  const Cell bush = cell_at(site.x, site.y, 2.9F, site.seed + 94);
  const uint32_t id = hash(bush.col, bush.row, site.seed + 95);
  const float body =
      clamp01(1.3F - (1.0F + 0.8F * unit(id, 1)) * bush.nearest * 1.5F);
  Ground ground;
  ground.first = unit(site.district->id, 9) < 0.5F ? Material::kDryGrass
                                                   : Material::kLightSoil;
  ground.second = unit(id, 2) < 0.6F ? Material::kShrub : Material::kConifer;
  ground.mix = 0.15F + 0.85F * body;
  ground.gain = 0.9F + 0.15F * unit(id, 3);
  return ground;
}

// Rock with bedding, or with plants in its cracks.
Ground rock(const Site& site, float plants) {
  const float fold = fractal_noise(site.x, site.y, 26, 3, site.seed + 96);
  const float beds = std::sin(site.across() * 0.9F + 4 * fold);
  const float speckle = unit(hash(
      static_cast<int32_t>(site.x),
      static_cast<int32_t>(site.y),
      site.seed + 97));
  Ground ground;
  ground.first = Material::kRock;
  ground.second = plants > 0 ? Material::kDryGrass : Material::kShadow;
  ground.mix = clamp01(
      plants + (plants > 0 ? 0.9F : 0.3F) * (speckle - 0.5F) + 0.12F * fold);
  ground.gain = 0.9F + 0.14F * beds + 0.06F * fold;
  return ground;
}

Ground beach(const Site& site) {
  const float dunes = std::sin(
      0.8F * site.across() +
      3 * noise(site.x / 15, site.y / 15, site.seed + 98));
  const float marram = fractal_noise(site.x, site.y, 10, 2, site.seed + 99);
  Ground ground;
  ground.first = Material::kSand;
  ground.second = Material::kDryGrass;
  ground.mix = clamp01(0.45F * marram);
  ground.gain = 0.85F + 0.1F * dunes;
  return ground;
}

// Reed beds with rounded pools.
Ground marsh(const Site& site) {
  const float wet = fractal_noise(site.x, site.y, 13, 3, site.seed + 110);
  Ground ground;
  ground.first = Material::kReed;
  ground.second = wet > 0.7F ? Material::kClearWater : Material::kGrass;
  ground.mix =
      wet > 0.7F ? smooth_step(0.7F, 1.0F, wet) : clamp01(0.3F - 0.3F * wet);
  ground.gain = 0.92F + 0.12F * noise(site.x / 3, site.y / 3, site.seed + 111);
  return ground;
}

// Ridges and pools across the slope: the strings of a raised bog.
Ground peatbog(const Site& site) {
  const float bend = fractal_noise(site.x, site.y, 38, 2, site.seed + 112);
  const float string = std::sin(site.across() * 0.85F + 3.2F * bend);
  const float wet = fractal_noise(site.x, site.y, 50, 2, site.seed + 113);
  Ground ground;
  ground.first = Material::kHeath;
  ground.second = wet > 0.6F ? Material::kClearWater : Material::kPeat;
  ground.mix = clamp01(0.4F + 0.45F * string);
  ground.gain = 0.95F + 0.07F * bend;
  return ground;
}

Ground salt_marsh(const Site& site) {
  const float creek = branches(site, 22, 0.09F, 114);
  const float tussock = fractal_noise(site.x, site.y, 8, 2, site.seed + 116);
  Ground ground;
  ground.first = tussock > 0.2F ? Material::kReed : Material::kHeath;
  ground.second = Material::kMud;
  ground.mix = clamp01(0.15F + 0.85F * creek);
  ground.gain = 0.95F + 0.06F * tussock;
  return ground;
}

// Pans of brine in every stage of drying, between thin dykes.
Ground saline(const Site& site) {
  const Parcel pan =
      parcel_at(site.along(), site.across(), 13, 8, site.district->id + 32);
  const float dry = unit(pan.id, 1);
  Ground ground;
  ground.first = Material::kTurbidWater;
  ground.second = dry > 0.75F ? Material::kSalt : Material::kMud;
  ground.mix = dry;
  if (pan.edge < 0.7F) {
    ground.first = Material::kLightSoil;
    ground.mix = 0;
  }
  return ground;
}

Ground tidal_flat(const Site& site) {
  const float creek = branches(site, 30, 0.06F, 117);
  const float ripple = std::sin(
      1.3F * site.across() +
      2.5F * noise(site.x / 12, site.y / 12, site.seed + 119));
  Ground ground;
  ground.first = Material::kMud;
  ground.second = Material::kTurbidWater;
  ground.mix = clamp01(0.2F + 0.15F * ripple + 0.8F * creek);
  return ground;
}

Ground burnt(const Site& site) {
  const float left = fractal_noise(site.x, site.y, 20, 3, site.seed + 120);
  Ground ground;
  ground.first = Material::kBurnt;
  ground.second = Material::kShrub;
  ground.mix = smooth_step(0.6F, 1.2F, left);
  ground.gain = 0.95F + 0.1F * left;
  return ground;
}

}  // namespace

Ground open_ground(LandCover cover, const Site& site) {
  switch (cover) {
    case LandCover::kMoor:
      return moor(site);
    case LandCover::kSclerophyllous:
      return sclerophyllous(site);
    case LandCover::kBeach:
      return beach(site);
    case LandCover::kBareRock:
      return rock(site, 0);
    case LandCover::kSparseVegetation:
      return rock(site, 0.4F);
    case LandCover::kBurnt:
      return burnt(site);
    case LandCover::kInlandMarsh:
      return marsh(site);
    case LandCover::kPeatbog:
      return peatbog(site);
    case LandCover::kSaltMarsh:
      return salt_marsh(site);
    case LandCover::kSaline:
      return saline(site);
    case LandCover::kIntertidalFlat:
      return tidal_flat(site);
    default:
      return grassland(site);
  }
}

Ground water_ground(LandCover cover, const Site& site) {
  Ground ground;
  ground.first = Material::kClearWater;
  ground.second = Material::kTurbidWater;
  // Sediment drifts in long plumes; the open sea has swell besides.
  const float plume = fractal_noise(
      site.x, site.y, cover == LandCover::kSea ? 260 : 90, 3, site.seed + 121);
  const float murk = cover == LandCover::kSea         ? 0.12F
                     : cover == LandCover::kWaterBody ? 0.15F
                                                      : 0.45F;
  ground.mix = clamp01(murk + 0.22F * plume);
  if (cover == LandCover::kSea) {
    const float wind = noise(site.x / 90, site.y / 90, site.seed + 122);
    const float swell =
        std::sin(0.75F * (0.6F * site.x + 0.8F * site.y) + 2 * wind);
    ground.gain = 1 + 0.09F * swell +
                  0.08F * noise(site.x / 2.2F, site.y / 2.2F, site.seed + 123);
  }
  return ground;
}

}  // namespace nadir::synth
