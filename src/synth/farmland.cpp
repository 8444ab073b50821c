// Farmland: parcels of crops, meadows with hedges, rows of vines and trees.
#include <cmath>

#include "synth/noise.h"
#include "synth/texture.h"

namespace nadir::synth {
namespace {

constexpr float kTurn = 6.2831853F;

Material soil_of(const Site& site, uint32_t id) {
  // Soils vary by region, a little by parcel.
  const float kind = noise(site.x / 400, site.y / 400, site.seed + 60) +
                     0.3F * unit(id, 11) - 0.15F +
                     (site.biome == Biome::kMediterranean ? 0.15F : 0.0F);
  return kind > 0.28F   ? Material::kRedSoil
         : kind > 0.05F ? Material::kLightSoil
                        : Material::kDarkSoil;
}

// What a parcel bears this season, with its own sowing date and vigour.
Ground crop_of(const Site& site, uint32_t id, float grass_share) {
  const SeasonState& season = *site.season;
  const float kind = unit(id, 12);
  const float vigour = 0.6F * (unit(id, 13) - 0.5F);
  Ground ground;
  ground.first = soil_of(site, id);
  ground.gain = 0.78F + 0.44F * unit(id, 14);
  ground.second = Material::kCrop;
  float green = 0;
  float ripe = 0;
  if (kind < grass_share) {
    ground.second = Material::kGrass;
    green = 0.75F;
  } else if (kind < grass_share + 0.4F * (1 - grass_share)) {
    green = season.winter_cereal;
    ripe = season.cereal_ripe;
  } else if (kind < grass_share + 0.75F * (1 - grass_share)) {
    green = season.summer_crop;
    ripe = season.summer_ripe;
  } else if (kind < grass_share + 0.9F * (1 - grass_share)) {
    green = season.oilseed;
    ripe = season.cereal_ripe;
    if (season.flower > 0.4F) {
      ground.second = Material::kFlower;
    }
  } else {
    green = 0.25F;
  }
  if (ripe > 0.45F + vigour) {
    ground.second =
        unit(id, 15) < 0.6F ? Material::kRipeCrop : Material::kGrass;
    green = 0.8F * ripe;
  }
  ground.mix = clamp01(green * (1 + 0.5F * vigour) + 0.4F * vigour);
  return ground;
}

// Tilled parcels: sowing lines and uneven growth inside.
Ground tilled(const Site& site, float length, float height, float grass) {
  const float u = site.along();
  const float v = site.across();
  const Parcel parcel = parcel_at(u, v, length, height, site.district->id + 1);
  Ground ground = crop_of(site, parcel.id, grass);
  const float lines = std::sin(kTurn * v / (3.1F + 1.5F * unit(parcel.id, 16)));
  const float growth = noise(site.x / 14, site.y / 14, site.seed + 61);
  ground.gain *= 1 + 0.035F * lines + 0.05F * growth;
  ground.mix = clamp01(ground.mix + 0.12F * growth);
  if (parcel.edge < 0.7F) {
    ground.second = Material::kDryGrass;
    ground.mix = 0.5F;
  }
  return ground;
}

Ground pasture(const Site& site) {
  const float size = 27 * site.district->scale;
  // Old enclosures: many-sided, hedges of one dark pixel between them.
  const Cell cell = cell_at(
      site.x + 3 * noise(site.x / 11, site.y / 11, site.seed + 62),
      site.y + 3 * noise(site.x / 11, site.y / 11, site.seed + 63),
      size,
      site.district->id + 2);
  const uint32_t id = hash(cell.col, cell.row, site.district->id + 3);
  Ground ground = crop_of(site, id, 0.9F);
  ground.gain *=
      1 + 0.06F * fractal_noise(site.x, site.y, 9, 2, site.seed + 64);
  const float border = (cell.second - cell.nearest) * size;
  if (border < 2.0F && unit(id, 17) < 0.85F) {
    ground.first = Material::kBroadLeaf;
    ground.mix = 0.25F * border;
    ground.gain = 0.75F;
  }
  return ground;
}

// Rows of vines or trees on bare or grassy ground.
Ground rows(
    const Site& site, float parcel_px, float period_px, Material plant) {
  const Parcel parcel = parcel_at(
      site.along(),
      site.across(),
      1.6F * parcel_px,
      parcel_px,
      site.district->id + 4);
  // Rows run along or across the parcel.
  const bool turned = unit(parcel.id, 1) < 0.5F;
  const float v = turned ? site.along() : site.across();
  const float row =
      std::cos(kTurn * v / period_px + kTurn * unit(parcel.id, 2));
  Ground ground;
  ground.first = unit(parcel.id, 3) < 0.5F ? soil_of(site, parcel.id)
                                           : Material::kDryGrass;
  ground.second = plant;
  ground.mix = clamp01(0.45F + 0.5F * row);
  ground.gain = 0.85F + 0.3F * unit(parcel.id, 4);
  if (parcel.edge < 0.8F) {
    ground.mix = 0;
  }
  return ground;
}

// Trees in a lattice (orchards, olives) or scattered.
Ground dotted(
    const Site& site,
    float spacing,
    float radius,
    float jitter,
    float density,
    Material tree,
    Ground under) {
  const float cover = round_object(
      site.along(),
      site.across(),
      spacing,
      radius,
      jitter,
      density,
      site.district->id + 5);
  under.gain *= 1 - 0.35F * clamp01(cover);
  if (cover > 0) {
    under.second = tree;
    under.mix = std::max(cover, 0.2F);
  }
  return under;
}

Ground orchard_floor(const Site& site, float parcel_px) {
  const Parcel parcel = parcel_at(
      site.along(),
      site.across(),
      1.4F * parcel_px,
      parcel_px,
      site.district->id + 6);
  Ground ground;
  ground.first = soil_of(site, parcel.id);
  ground.second = Material::kGrass;
  ground.mix = unit(parcel.id, 1);
  ground.gain = 0.8F + 0.4F * unit(parcel.id, 2);
  if (parcel.edge < 0.8F) {
    ground.mix = 0;
    ground.gain *= 1.15F;
  }
  return ground;
}

// Centre-pivot circles in a dry lattice.
Ground irrigated(const Site& site) {
  const float size = 44 * site.district->scale;
  const float u = site.along() / size;
  const float v = site.across() / size;
  const int32_t col = floor_int(u);
  const int32_t row = floor_int(v);
  const uint32_t id = hash(col, row, site.district->id + 7);
  const float du = u - static_cast<float>(col) - 0.5F;
  const float dv = v - static_cast<float>(row) - 0.5F;
  const float distance = std::sqrt(du * du + dv * dv);
  if (distance < 0.47F) {
    Ground ground = crop_of(site, id, 0.15F);
    ground.mix = clamp01(ground.mix + 0.25F);
    ground.gain *= 1 + 0.05F * std::sin(distance * size * 1.6F);
    return ground;
  }
  Ground ground;
  ground.first = soil_of(site, id);
  ground.second = Material::kDryGrass;
  ground.mix = 0.6F;
  return ground;
}

Ground rice(const Site& site) {
  const Parcel parcel =
      parcel_at(site.along(), site.across(), 15, 7, site.district->id + 8);
  const SeasonState& season = *site.season;
  const bool flooded = season.summer_crop < 0.35F && unit(parcel.id, 1) < 0.65F;
  Ground ground;
  ground.first = flooded ? Material::kTurbidWater : Material::kDarkSoil;
  ground.second = Material::kCrop;
  ground.mix = clamp01(season.summer_crop * (0.7F + 0.4F * unit(parcel.id, 2)));
  ground.gain = 0.85F + 0.3F * unit(parcel.id, 3);
  if (parcel.edge < 0.7F) {
    ground.first = Material::kDryGrass;
    ground.mix = 0.2F;
  }
  return ground;
}

// Fields with groves and thickets among them.
Ground with_nature(const Site& site) {
  const float wild = fractal_noise(site.x, site.y, 42, 3, site.seed + 65);
  if (wild > 0.45F) {
    return forest_ground(LandCover::kBroadLeaved, site);
  }
  Ground ground = tilled(site, 26, 17, 0.55F);
  if (wild > 0.15F) {
    return dotted(site, 6, 1.5F, 0.4F, 0.6F, Material::kShrub, ground);
  }
  return ground;
}

Ground agro_forestry(const Site& site) {
  Ground under;
  under.first = soil_of(site, 0);
  under.second = Material::kGrass;
  under.mix = clamp01(
      0.65F + 0.25F * fractal_noise(site.x, site.y, 45, 2, site.seed + 66));
  const float density =
      0.45F + 0.2F * noise(site.x / 60, site.y / 60, site.seed + 67);
  return dotted(site, 6, 1.7F, 0.35F, density, Material::kConifer, under);
}

}  // namespace

Ground farm_ground(LandCover cover, const Site& site) {
  const float scale = site.district->scale;
  switch (cover) {
    case LandCover::kIrrigated:
      return irrigated(site);
    case LandCover::kRice:
      return rice(site);
    case LandCover::kVineyard:
      return rows(site, 15 * scale, 3.4F, Material::kShrub);
    case LandCover::kFruit:
      return dotted(
          site,
          3.6F,
          1.1F,
          0.05F,
          1,
          Material::kBroadLeaf,
          orchard_floor(site, 18 * scale));
    case LandCover::kOlive:
      return dotted(
          site,
          4.8F,
          1.2F,
          0.12F,
          0.95F,
          Material::kShrub,
          orchard_floor(site, 30 * scale));
    case LandCover::kPasture:
      return pasture(site);
    case LandCover::kAnnualWithPermanent: {
      const Parcel strip =
          parcel_at(site.along(), site.across(), 60, 11, site.district->id + 9);
      return unit(strip.id, 1) < 0.5F
                 ? tilled(site, 60, 11, 0.1F)
                 : rows(site, 22, 4.2F, Material::kBroadLeaf);
    }
    case LandCover::kComplexCultivation:
      return tilled(site, 15 * scale, 6.5F * scale, 0.35F);
    case LandCover::kAgricultureWithNature:
      return with_nature(site);
    case LandCover::kAgroForestry:
      return agro_forestry(site);
    default:
      return tilled(site, 58 * scale, 30 * scale, 0.12F);
  }
}

}  // namespace nadir::synth
