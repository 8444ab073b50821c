#include "synth/render.h"

#include <algorithm>
#include <cmath>

#include "synth/noise.h"
#include "synth/spectra.h"
#include "synth/texture.h"

namespace nadir::synth {
namespace {

// Pixels rendered around the patch, for the blur of the optics.
constexpr int32_t kMargin = 2;
constexpr int32_t kSide = kPatchPx + 2 * kMargin;
constexpr size_t kNumPixels = size_t{kSide} * kSide;

using Plane = std::vector<float>;

// Air and light of one scene.
struct Atmosphere {
  float gain = 1;    // of the whole scene
  float haze = 0;    // mean path radiance at B02
  float relief = 0;  // strength of the hills' light and shade
  float snow = -9;   // threshold: snow where the snow field is below it
  float cloud = 9;   // threshold: cloud where the cloud field is above it
};

Atmosphere atmosphere_of(const PatchPlace& place, uint64_t seed) {
  const Scene& scene = scenes()[static_cast<size_t>(place.scene)];
  const uint32_t h = hash(place.scene, 3, land_seed(scene, seed));
  const SeasonState season = season_state(scene.biome, day_of_year(scene));
  Atmosphere air;
  air.gain = (0.82F + 0.36F * unit(h, 1)) * (1 - 0.15F * season.sun_low);
  air.haze = 40 + 160 * unit(h, 2);
  air.relief = (scene.biome == Biome::kAlpine ? 0.16F : 0.05F) *
               (0.6F + 0.9F * season.sun_low);
  const bool is_cold =
      scene.biome == Biome::kBoreal || scene.biome == Biome::kAlpine;
  if (season.sun_low > 0.55F && is_cold) {
    air.snow = scene.biome == Biome::kBoreal ? -0.8F : -1.1F;
  }
  if (scene.has_clouds) {
    air.cloud = 1.7F;
  }
  return air;
}

// The fields of the sky vary over hundreds of metres: computed at every fourth
// pixel, interpolated between. Windows of one tile share these nodes.
constexpr int32_t kNodeStep = 4;
constexpr int32_t kNodes = kSide / kNodeStep + 1;
static_assert(kSide % kNodeStep == 0 && kPatchPx % kNodeStep == 0);

// Low-frequency fields at the nodes, or over the patch's own 10 m grid.
struct Sky {
  Plane light;   // factor on the ground's reflectance
  Plane haze;    // path radiance at B02
  Plane cloud;   // opacity 0 ... 1
  Plane shadow;  // 0 ... 1
  Plane snow;    // share 0 ... 1
};

Plane interpolate(const Plane& nodes) {
  Plane plane(kNumPixels);
  size_t i = 0;
  for (int32_t r = 0; r < kSide; ++r) {
    const float v = static_cast<float>(r % kNodeStep) / kNodeStep;
    const float* top = nodes.data() + r / kNodeStep * kNodes;
    for (int32_t c = 0; c < kSide; ++c, ++i) {
      const float u = static_cast<float>(c % kNodeStep) / kNodeStep;
      const float* at = top + c / kNodeStep;
      const float above = at[0] + u * (at[1] - at[0]);
      const float below = at[kNodes] + u * (at[kNodes + 1] - at[kNodes]);
      plane[i] = above + v * (below - above);
    }
  }
  return plane;
}

Sky make_sky(
    const Scene& scene,
    const Atmosphere& air,
    uint32_t seed,
    uint32_t date_seed,
    int32_t left,
    int32_t top) {
  Sky nodes;
  const std::array planes = {
      &nodes.light, &nodes.haze, &nodes.cloud, &nodes.shadow, &nodes.snow};
  for (Plane* plane : planes) {
    plane->assign(size_t{kNodes} * kNodes, 0);
  }
  size_t i = 0;
  for (int32_t r = 0; r < kNodes; ++r) {
    for (int32_t c = 0; c < kNodes; ++c, ++i) {
      const auto x = static_cast<float>(left + c * kNodeStep);
      const auto y = static_cast<float>(top + r * kNodeStep);
      const float hill = fractal_noise(x, y, 120, 3, seed + 130);
      const float slope =
          fractal_noise(x + 3, y + 2, 120, 3, seed + 130) - hill;
      // Soil moisture, thin veils and the angle of view change the tone over
      // a kilometre or two.
      const float tone = fractal_noise(x, y, 240, 2, date_seed + 1);
      nodes.light[i] = air.gain * std::exp(0.16F * tone) *
                       (1 + std::clamp(air.relief * 12 * slope, -0.5F, 0.5F));
      nodes.haze[i] =
          air.haze * (1 + 0.7F * fractal_noise(x, y, 320, 2, date_seed + 2));
      if (air.snow > -9) {
        const float cold = fractal_noise(x, y, 500, 4, date_seed + 3);
        const float height = elevation_at(seed, x, y);
        const float lapse = scene.biome == Biome::kAlpine ? 0.7F : 0.1F;
        nodes.snow[i] =
            smooth_step(-0.1F, 0.3F, air.snow - cold + lapse * height);
      }
      if (air.cloud < 9) {
        const auto cloud_at = [&](float px, float py) {
          return smooth_step(
              air.cloud,
              air.cloud + 0.35F,
              fractal_noise(px, py, 420, 5, date_seed + 4));
        };
        nodes.cloud[i] = cloud_at(x, y);
        nodes.shadow[i] = cloud_at(x + 24, y + 42);
      }
    }
  }
  return {
      interpolate(nodes.light),
      interpolate(nodes.haze),
      interpolate(nodes.cloud),
      interpolate(nodes.shadow),
      interpolate(nodes.snow)};
}

// A 3 x 3 blur in place, for the optics' point spread; the rim stays as it is.
void blur(Plane& plane, Plane& scratch) {
  constexpr float kSideWeight = 0.18F;
  constexpr float kMiddle = 1 - 2 * kSideWeight;
  scratch = plane;
  for (size_t r = 0; r < kSide; ++r) {
    const float* src = plane.data() + r * kSide;
    float* dst = scratch.data() + r * kSide;
    for (size_t c = 1; c + 1 < kSide; ++c) {
      dst[c] = kMiddle * src[c] + kSideWeight * (src[c - 1] + src[c + 1]);
    }
  }
  for (size_t r = 1; r + 1 < kSide; ++r) {
    const float* src = scratch.data() + r * kSide;
    float* dst = plane.data() + r * kSide;
    for (size_t c = 0; c < kSide; ++c) {
      dst[c] =
          kMiddle * src[c] + kSideWeight * (src[c - kSide] + src[c + kSide]);
    }
  }
}

// The mean of each block of `factor` x `factor` pixels inside the margin, with
// the sensor's noise, as digital numbers.
std::vector<uint16_t> to_digital(
    const Plane& plane, int factor, uint32_t noise_seed) {
  const int32_t size = kPatchPx / factor;
  std::vector<uint16_t> pixels(
      static_cast<size_t>(size) * static_cast<size_t>(size));
  const float scale = 1.0F / static_cast<float>(factor * factor);
  size_t i = 0;
  for (int32_t r = 0; r < size; ++r) {
    for (int32_t c = 0; c < size; ++c, ++i) {
      float sum = 0;
      for (int32_t dr = 0; dr < factor; ++dr) {
        const float* row = plane.data() + (kMargin + r * factor + dr) * kSide +
                           kMargin + c * factor;
        for (int32_t dc = 0; dc < factor; ++dc) {
          sum += row[dc];
        }
      }
      const float mean = scale * sum;
      const uint32_t h = hash(c, r, noise_seed);
      // The sum of two uniform numbers is bell-shaped enough.
      const float bell = static_cast<float>(h & 0xffffU) / 65536 +
                         static_cast<float>(h >> 16) / 65536 - 1;
      const float value = mean + bell * (9 + 0.012F * mean) * 2;
      pixels[i] = static_cast<uint16_t>(std::clamp(value, 1.0F, 20000.0F));
    }
  }
  return pixels;
}

// Share of the patch proper in which the plane is above one half.
float share_above_half(const Plane& plane) {
  int64_t count = 0;
  for (size_t r = kMargin; r < kSide - kMargin; ++r) {
    for (size_t c = kMargin; c < kSide - kMargin; ++c) {
      count += plane[r * kSide + c] > 0.5F ? 1 : 0;
    }
  }
  return static_cast<float>(count) / (kPatchPx * kPatchPx);
}

std::vector<Ground> make_ground(
    const Scene& scene,
    const LandWindow& land,
    const SeasonState& season,
    uint32_t seed,
    int32_t left,
    int32_t top) {
  std::vector<Ground> ground(kNumPixels);
  Site site;
  site.season = &season;
  site.biome = scene.biome;
  site.seed = seed;
  size_t i = 0;
  for (int32_t r = 0; r < kSide; ++r) {
    for (int32_t c = 0; c < kSide; ++c, ++i) {
      site.x = static_cast<float>(left + c);
      site.y = static_cast<float>(top + r);
      site.district = &land.districts[land.district[i]];
      ground[i] = ground_at(land.cover[i], site);
    }
  }
  return ground;
}

// Path radiance falls with wavelength; a cloud is white but in the SWIR.
constexpr std::array<float, kNumBands> kHazeByBand = {
    1.25F,
    1.0F,
    0.78F,
    0.6F,
    0.5F,
    0.42F,
    0.36F,
    0.3F,
    0.28F,
    0.2F,
    0.1F,
    .06F};
constexpr std::array<float, kNumBands> kCloud = {
    5200, 5100, 4900, 4900, 5000, 5100, 5200, 5300, 5300, 5100, 3600, 2800};

}  // namespace

std::vector<LandCover> patch_labels(
    const PatchPlace& place, uint64_t seed, int step) {
  const Scene& scene = scenes()[static_cast<size_t>(place.scene)];
  const LandWindow land = make_land(
      scene,
      seed,
      place.h * kPatchPx,
      place.v * kPatchPx,
      kPatchPx,
      kPatchPx,
      step);
  return dominant_covers(land, kMinLabelShare);
}

SyntheticPatch render_patch(const PatchPlace& place, uint64_t seed) {
  const Scene& scene = scenes()[static_cast<size_t>(place.scene)];
  const int32_t left = place.h * kPatchPx - kMargin;
  const int32_t top = place.v * kPatchPx - kMargin;
  const LandWindow land = make_land(scene, seed, left, top, kSide, kSide);
  const uint32_t land_bits = land_seed(scene, seed);
  const uint32_t date_bits = hash(place.scene, 5, land_bits);
  const SeasonState season = season_state(scene.biome, day_of_year(scene));
  const Spectra spectra = spectra_at(season);
  const std::vector<Ground> ground =
      make_ground(scene, land, season, land_bits, left, top);
  const Atmosphere air = atmosphere_of(place, seed);
  const Sky sky = make_sky(scene, air, land_bits, date_bits, left, top);

  SyntheticPatch patch;
  Plane plane(kNumPixels);
  Plane scratch;
  const auto& snow = spectra[static_cast<size_t>(Material::kSnow)];
  for (size_t b = 0; b < kNumBands; ++b) {
    std::array<float, kNumMaterials> reflectance{};
    for (size_t m = 0; m < kNumMaterials; ++m) {
      reflectance[m] = spectra[m][b];
    }
    for (size_t i = 0; i < kNumPixels; ++i) {
      const Ground& g = ground[i];
      float value = reflectance[static_cast<size_t>(g.first)] * (1 - g.mix) +
                    reflectance[static_cast<size_t>(g.second)] * g.mix;
      value *= g.gain;
      value += sky.snow[i] * 0.8F * (snow[b] * g.gain - value);
      value = value * sky.light[i] * (1 - 0.55F * sky.shadow[i]) +
              sky.haze[i] * kHazeByBand[b];
      plane[i] = value + sky.cloud[i] * (kCloud[b] - value);
    }
    blur(plane, scratch);
    patch.bands[b] = to_digital(
        plane,
        kBands[b].gsd_m / 10,
        hash(
            static_cast<uint32_t>(place.h * 100 + place.v),
            static_cast<uint32_t>(b),
            date_bits + 6));
  }
  LandWindow inner;
  for (size_t r = kMargin; r < kSide - kMargin; ++r) {
    const auto row = land.cover.begin() + static_cast<int64_t>(r * kSide);
    inner.cover.insert(
        inner.cover.end(), row + kMargin, row + (kSide - kMargin));
  }
  patch.labels = dominant_covers(inner, kMinLabelShare);
  patch.land = std::move(inner.cover);
  patch.has_snow = share_above_half(sky.snow) > 0.05F;
  patch.has_cloud_or_shadow =
      !patch.has_snow && (share_above_half(sky.cloud) > 0.02F ||
                          share_above_half(sky.shadow) > 0.02F);
  return patch;
}

}  // namespace nadir::synth
