// Forest: crowns and their shadows, stands of one age, clearings.
#include <cmath>

#include "synth/noise.h"
#include "synth/texture.h"

namespace nadir::synth {
namespace {

// Rounded crowns of several metres that merge into a rough canopy.
Ground broad_leaved(const Site& site) {
  const Cell crown = cell_at(site.x, site.y, 4.6F, site.seed + 70);
  const uint32_t id = hash(crown.col, crown.row, site.seed + 71);
  const float stand = fractal_noise(site.x, site.y, 50, 2, site.seed + 72);
  Ground ground;
  ground.first = Material::kBroadLeaf;
  ground.second = Material::kShrub;
  ground.mix = 0.4F * unit(id, 1);
  ground.gain = (1.18F - 0.42F * crown.nearest) * (0.9F + 0.2F * unit(id, 2)) *
                (1 + 0.06F * stand);
  return ground;
}

// Fine pointed crowns in straight-edged stands of one age, with tracks and
// some clear-cuts.
Ground coniferous(const Site& site) {
  const Parcel stand = parcel_at(
      site.along(),
      site.across(),
      46 * site.district->scale,
      31 * site.district->scale,
      site.district->id + 10);
  Ground ground;
  ground.first = Material::kConifer;
  const float age = unit(stand.id, 1);
  if (age < 0.1F) {  // felled: stumps, brash, machine tracks
    ground.first = Material::kDryGrass;
    ground.second = Material::kPeat;
    ground.mix = 0.5F + 0.3F * std::sin(site.across() * 1.7F);
    ground.gain = 0.85F;
    return ground;
  }
  const float grain = unit(hash(
      static_cast<int32_t>(site.x),
      static_cast<int32_t>(site.y),
      site.seed + 73));
  const float clumps = noise(site.x / 2.3F, site.y / 2.3F, site.seed + 74);
  ground.second = age < 0.35F ? Material::kShrub : Material::kShadow;
  ground.mix = clamp01(
      (age < 0.35F ? 0.35F : 0.12F) + 0.16F * (grain - 0.5F) + 0.22F * clumps);
  ground.gain = 0.88F + 0.3F * unit(stand.id, 2);
  if (stand.edge < 0.6F && unit(stand.id, 3) < 0.6F) {
    ground.second = Material::kDryGrass;
    ground.mix = 0.5F;
  }
  return ground;
}

Ground mixed(const Site& site) {
  const float kind = fractal_noise(site.x, site.y, 17, 2, site.seed + 75);
  return kind > 0 ? broad_leaved(site) : coniferous(site);
}

// Young trees over grass and shrub, thickening here and there.
Ground transitional(const Site& site) {
  const float thick = fractal_noise(site.x, site.y, 55, 2, site.seed + 76);
  Ground ground;
  ground.first = Material::kDryGrass;
  ground.second = Material::kShrub;
  ground.mix =
      clamp01(0.4F + 0.35F * noise(site.x / 6, site.y / 6, site.seed + 77));
  ground.gain = 0.9F + 0.1F * thick;
  const float tree = round_object(
      site.x,
      site.y,
      4.2F,
      1.25F,
      0.35F,
      clamp01(0.5F + 0.3F * thick),
      site.seed + 78);
  if (tree > 0.15F) {
    ground.second = unit(site.district->id, 5) < 0.5F ? Material::kConifer
                                                      : Material::kBroadLeaf;
    ground.mix = 0.25F + 0.75F * tree;
    ground.gain *= 0.8F;
  }
  return ground;
}

}  // namespace

Ground forest_ground(LandCover cover, const Site& site) {
  switch (cover) {
    case LandCover::kConiferous:
      return coniferous(site);
    case LandCover::kMixedForest:
      return mixed(site);
    case LandCover::kTransitionalWoodland:
      return transitional(site);
    default:
      return broad_leaved(site);
  }
}

}  // namespace nadir::synth
