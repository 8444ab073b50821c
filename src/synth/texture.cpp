#include "synth/texture.h"

#include <cmath>

#include "synth/noise.h"

namespace nadir::synth {

Parcel parcel_at(
    float along, float across, float length, float height, uint32_t seed) {
  const float strip = across / height;
  const int32_t row = floor_int(strip);
  const float v = strip - static_cast<float>(row);
  const uint32_t shift = hash(row, 0, seed);
  const float piece =
      along / (length * (0.7F + 0.6F * unit(shift, 1))) + 16 * unit(shift, 2);
  const int32_t col = floor_int(piece);
  const float u = piece - static_cast<float>(col);
  Parcel parcel;
  parcel.id = hash(col, row, seed + 1);
  parcel.edge =
      std::min(std::min(u, 1 - u) * length, std::min(v, 1 - v) * height);
  return parcel;
}

float round_object(
    float u,
    float v,
    float spacing,
    float radius,
    float jitter,
    float density,
    uint32_t seed) {
  const float cu = u / spacing;
  const float cv = v / spacing;
  const int32_t col = floor_int(cu);
  const int32_t row = floor_int(cv);
  const uint32_t h = hash(col, row, seed);
  if (unit(h, 1) >= density) {
    return 0;
  }
  const float du =
      cu - static_cast<float>(col) - 0.5F - jitter * (2 * unit(h, 2) - 1);
  const float dv =
      cv - static_cast<float>(row) - 0.5F - jitter * (2 * unit(h, 3) - 1);
  const float size = radius * (0.75F + 0.5F * unit(h, 4));
  return clamp01(size + 0.5F - spacing * std::sqrt(du * du + dv * dv));
}

Ground ground_at(LandCover cover, const Site& site) {
  if (cover <= LandCover::kSportAndLeisure) {
    return built_ground(cover, site);
  }
  if (cover <= LandCover::kAgroForestry) {
    return farm_ground(cover, site);
  }
  if (cover <= LandCover::kMixedForest ||
      cover == LandCover::kTransitionalWoodland) {
    return forest_ground(cover, site);
  }
  if (cover >= LandCover::kWaterCourse) {
    return water_ground(cover, site);
  }
  return open_ground(cover, site);
}

}  // namespace nadir::synth
