// Hash-based noise over the plane: every value depends on the place and a
// seed alone, so that any window of a scene renders by itself. Perlin, "An
// image synthesizer", SIGGRAPH 1985; Worley, "A cellular texture basis
// function", SIGGRAPH 1996. Coordinates are pixels of 10 m; header-only, as
// these run for every pixel.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace nadir::synth {

// 32 well-mixed bits of two words and a seed.
inline uint32_t hash(uint32_t a, uint32_t b, uint32_t seed) {
  uint32_t h = a * 0x85ebca6bU ^ (b * 0xc2b2ae35U + seed * 0x27d4eb2fU);
  h ^= h >> 15;
  h *= 0x2c1b3c6dU;
  h ^= h >> 12;
  h *= 0x297a2d39U;
  h ^= h >> 15;
  return h;
}

inline uint32_t hash(int32_t a, int32_t b, uint32_t seed) {
  return hash(static_cast<uint32_t>(a), static_cast<uint32_t>(b), seed);
}

// The hash's upper bits as a number in [0, 1).
inline float unit(uint32_t h) {
  return static_cast<float>(h >> 8) * (1.0F / 16777216.0F);
}

// The `k`-th independent number in [0, 1) of one hash.
inline float unit(uint32_t h, uint32_t k) {
  return unit(hash(h, k, 0x9e37U));
}

inline int32_t floor_int(float x) {
  const auto i = static_cast<int32_t>(x);
  return i - (static_cast<float>(i) > x ? 1 : 0);
}

inline float clamp01(float x) {
  return std::clamp(x, 0.0F, 1.0F);
}

// 0 below `low`, 1 above `high`, smooth between.
inline float smooth_step(float low, float high, float x) {
  const float t = clamp01((x - low) / (high - low));
  return t * t * (3 - 2 * t);
}

// Gradient noise of period 1, about -1 ... 1, mean 0.
inline float noise(float x, float y, uint32_t seed) {
  const int32_t col = floor_int(x);
  const int32_t row = floor_int(y);
  const float u = x - static_cast<float>(col);
  const float v = y - static_cast<float>(row);
  const auto corner = [&](int32_t dc, int32_t dr) {
    const uint32_t h = hash(col + dc, row + dr, seed);
    const float gx = static_cast<float>(h & 0xffffU) * (1 / 32768.0F) - 1;
    const float gy = static_cast<float>(h >> 16) * (1 / 32768.0F) - 1;
    return gx * (u - static_cast<float>(dc)) +
           gy * (v - static_cast<float>(dr));
  };
  const float su = u * u * u * (u * (u * 6 - 15) + 10);
  const float sv = v * v * v * (v * (v * 6 - 15) + 10);
  const float top = corner(0, 0) + su * (corner(1, 0) - corner(0, 0));
  const float bottom = corner(0, 1) + su * (corner(1, 1) - corner(0, 1));
  return 1.8F * (top + sv * (bottom - top));
}

// `octaves` of noise from wavelength `length_px` down, each half as strong.
// Scaled to a standard deviation of about 1.
inline float fractal_noise(
    float x, float y, float length_px, int octaves, uint32_t seed) {
  float sum = 0;
  float amplitude = 1;
  float frequency = 1 / length_px;
  for (int i = 0; i < octaves; ++i) {
    const auto k = static_cast<uint32_t>(i);
    sum += amplitude * noise(x * frequency, y * frequency, seed + 101 * k);
    amplitude *= 0.5F;
    frequency *= 2.03F;
  }
  return 2.3F * sum;
}

// The nearest and second nearest of randomly placed points, one to a cell of
// `length_px`.
struct Cell {
  int32_t col = 0;  // the nearest point's cell
  int32_t row = 0;
  float nearest = 0;  // distances in units of the cell
  float second = 0;
};

inline Cell cell_at(float x, float y, float length_px, uint32_t seed) {
  const float cx = x / length_px;
  const float cy = y / length_px;
  const int32_t col = floor_int(cx);
  const int32_t row = floor_int(cy);
  float best = 1e9F;
  float second = 1e9F;
  Cell cell;
  for (int32_t r = row - 1; r <= row + 1; ++r) {
    for (int32_t c = col - 1; c <= col + 1; ++c) {
      const uint32_t h = hash(c, r, seed);
      const float px = static_cast<float>(c) + 0.1F +
                       static_cast<float>(h & 0xffffU) * (0.8F / 65536);
      const float py = static_cast<float>(r) + 0.1F +
                       static_cast<float>(h >> 16) * (0.8F / 65536);
      const float d = (px - cx) * (px - cx) + (py - cy) * (py - cy);
      if (d < best) {
        second = best;
        best = d;
        cell.col = c;
        cell.row = r;
      } else if (d < second) {
        second = d;
      }
    }
  }
  cell.nearest = std::sqrt(best);
  cell.second = std::sqrt(second);
  return cell;
}

// Where the point of a cell lies, in pixels.
inline void cell_point(
    int32_t col,
    int32_t row,
    float length_px,
    uint32_t seed,
    float* x,
    float* y) {
  const uint32_t h = hash(col, row, seed);
  *x = length_px * (static_cast<float>(col) + 0.1F +
                    static_cast<float>(h & 0xffffU) * (0.8F / 65536));
  *y = length_px * (static_cast<float>(row) + 0.1F +
                    static_cast<float>(h >> 16) * (0.8F / 65536));
}

}  // namespace nadir::synth
