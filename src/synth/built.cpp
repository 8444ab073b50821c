// Built-up land: streets, roofs, yards, gardens, runways and pits.
#include <cmath>

#include "synth/noise.h"
#include "synth/texture.h"

namespace nadir::synth {
namespace {

Material roof_of(const Site& site, uint32_t id) {
  const float red = site.biome == Biome::kBoreal ? 0.2F : 0.6F;
  const float kind = unit(id, 21);
  return kind < red           ? Material::kRedRoof
         : kind < red + 0.33F ? Material::kConcrete
                              : Material::kAsphalt;
}

// Blocks of closed houses around courts, between narrow streets.
Ground continuous(const Site& site) {
  const Parcel block =
      parcel_at(site.along(), site.across(), 9, 7, site.district->id + 20);
  Ground ground;
  if (block.edge < 0.8F) {
    ground.first = ground.second = Material::kAsphalt;
    ground.gain = 0.85F;
    return ground;
  }
  const uint32_t house =
      hash(floor_int(site.along() / 2), floor_int(site.across() / 2), block.id);
  ground.first = roof_of(site, house);
  ground.second = block.edge > 2.6F ? Material::kBroadLeaf : Material::kShadow;
  ground.mix =
      block.edge > 2.6F ? 0.55F * unit(block.id, 1) : 0.35F * unit(house, 2);
  ground.gain = 0.75F + 0.5F * unit(house, 3);
  return ground;
}

// Houses along streets, with gardens and trees behind.
Ground discontinuous(const Site& site) {
  const float scale = site.district->scale;
  const Parcel block = parcel_at(
      site.along(),
      site.across(),
      20 * scale,
      9 * scale,
      site.district->id + 21);
  Ground ground;
  if (block.edge < 0.7F) {
    ground.first = ground.second = Material::kAsphalt;
    return ground;
  }
  const uint32_t plot = hash(
      static_cast<int32_t>(site.x), static_cast<int32_t>(site.y), block.id);
  ground.first = Material::kGrass;
  ground.second = Material::kBroadLeaf;
  ground.mix = unit(plot, 1);
  ground.gain = 0.85F + 0.2F * unit(plot, 2);
  if (block.edge < 2.6F && unit(plot, 3) < 0.55F) {
    ground.second = roof_of(site, plot);
    ground.mix = 0.5F + 0.5F * unit(plot, 4);
  }
  return ground;
}

// Big halls on paved yards.
Ground industrial(const Site& site, float yard_px) {
  const Parcel yard = parcel_at(
      site.along(),
      site.across(),
      1.6F * yard_px,
      yard_px,
      site.district->id + 22);
  Ground ground;
  ground.first = Material::kAsphalt;
  ground.second = Material::kConcrete;
  const float patches = noise(site.x / 5, site.y / 5, site.seed + 80);
  ground.mix = clamp01(0.5F + 0.5F * patches);
  const float kind = unit(yard.id, 1);
  if (kind < 0.2F) {  // a vacant lot
    ground.first = Material::kGrass;
    ground.second = Material::kLightSoil;
    return ground;
  }
  if (yard.edge > 2.2F && kind < 0.85F) {
    ground.first = ground.second =
        kind < 0.5F ? Material::kBrightRoof
                    : (kind < 0.7F ? Material::kConcrete : Material::kRedRoof);
    ground.gain = 0.65F + 0.5F * unit(yard.id, 2);
    if (yard.edge < 3.2F) {
      ground.second = Material::kShadow;
      ground.mix = 0.4F;
    }
  }
  return ground;
}

// A band of `width_px` through the district's middle line every `every_px`.
bool on_band(float across, float every_px, float width_px, float shift) {
  const float t = across / every_px + shift;
  return (t - std::floor(t)) * every_px < width_px;
}

Ground roads(const Site& site) {
  Ground ground;
  ground.first = ground.second = Material::kAsphalt;
  const float shift = unit(site.district->id, 7);
  if (on_band(site.across(), 23, 6, shift)) {
    ground.gain = on_band(site.across() - 3, 23, 1, shift) ? 0.6F : 1.1F;
    return ground;
  }
  return discontinuous(site);
}

Ground airport(const Site& site) {
  Ground ground;
  ground.first = Material::kGrass;
  ground.second = Material::kDryGrass;
  ground.mix = 0.4F;
  const float shift = unit(site.district->id, 8);
  if (on_band(site.across(), 95, 6, shift) ||
      on_band(site.along(), 60, 3, shift)) {
    ground.first = Material::kAsphalt;
    ground.second = Material::kConcrete;
  } else if (on_band(site.across() - 30, 95, 22, shift)) {
    return industrial(site, 16);
  }
  return ground;
}

// Terraces around a pit, a pond at its bottom.
Ground pit(const Site& site, Material stone) {
  const Cell cell = cell_at(site.x, site.y, 60, site.district->id + 23);
  const float rough = noise(site.x / 9, site.y / 9, site.seed + 81);
  const float depth = 1 - cell.nearest + 0.12F * rough;
  Ground ground;
  ground.first = stone;
  ground.second = Material::kRock;
  ground.mix = clamp01(0.4F + 0.5F * rough);
  ground.gain = 0.85F + 0.25F * std::sin(depth * 26);
  if (depth > 0.86F) {
    ground.first = ground.second = Material::kTurbidWater;
    ground.gain = 1.2F;
  } else if (depth < 0.35F) {
    ground.first = Material::kShrub;
    ground.second = Material::kDryGrass;
  }
  return ground;
}

// Lawns with groups of trees and winding paths.
Ground park(const Site& site, float tree_share) {
  const float trees = fractal_noise(site.x, site.y, 12, 2, site.seed + 82);
  const float path = std::abs(noise(site.x / 26, site.y / 26, site.seed + 83));
  Ground ground;
  ground.first = Material::kGrass;
  ground.second = Material::kDryGrass;
  ground.mix = 0.15F;
  if (path < 0.05F) {
    ground.first = Material::kLightSoil;
  } else if (trees > tree_share) {
    return forest_ground(LandCover::kBroadLeaved, site);
  }
  return ground;
}

// Fairways between trees, with bunkers.
Ground sport(const Site& site) {
  const float lane =
      noise(site.along() / 40, site.across() / 11, site.seed + 84);
  if (lane > 0.22F) {
    return park(site, -0.4F);
  }
  const float bunker =
      round_object(site.x, site.y, 13, 1.6F, 0.3F, 0.4F, site.seed + 85);
  Ground ground;
  ground.first = Material::kGrass;
  ground.second = bunker > 0 ? Material::kSand : Material::kCrop;
  ground.mix = bunker > 0 ? bunker : 0.5F;
  return ground;
}

}  // namespace

Ground built_ground(LandCover cover, const Site& site) {
  switch (cover) {
    case LandCover::kContinuousUrban:
      return continuous(site);
    case LandCover::kDiscontinuousUrban:
      return discontinuous(site);
    case LandCover::kRoadsAndRail:
      return roads(site);
    case LandCover::kAirport:
      return airport(site);
    case LandCover::kMineralExtraction:
      return pit(site, Material::kLightSoil);
    case LandCover::kDump:
      return pit(site, Material::kConcrete);
    case LandCover::kConstruction: {
      Ground ground = industrial(site, 9);
      ground.second = Material::kLightSoil;
      ground.mix = 0.7F;
      return ground;
    }
    case LandCover::kGreenUrban:
      return park(site, 0.1F);
    case LandCover::kSportAndLeisure:
      return sport(site);
    default:
      return industrial(site, 14 * site.district->scale);
  }
}

}  // namespace nadir::synth
