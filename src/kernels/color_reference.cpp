#include <algorithm>
#include <cmath>

#include "kernels/color.h"

namespace nadir::kernels::reference {
namespace {

uint8_t gray_of(uint32_t r, uint32_t g, uint32_t b) {
  return static_cast<uint8_t>(
      (19595 * r + 38470 * g + 7471 * b + (1U << 15)) >> 16);
}

uint8_t blend(float base, uint8_t p, float factor) {
  const float value = base + factor * (static_cast<float>(p) - base);
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

struct Hsv {
  uint8_t h, s, v;
};

// The usual sector formula, in the mixture of float32 and float64 that
// decides ties as Pillow does.
Hsv to_hsv(uint8_t r, uint8_t g, uint8_t b) {
  const uint8_t high = std::max({r, g, b});
  const uint8_t low = std::min({r, g, b});
  if (high == low) {
    return {0, 0, high};
  }
  const auto range = static_cast<float>(high - low);
  const float s = range / static_cast<float>(high);
  const float rc = static_cast<float>(high - r) / range;
  const float gc = static_cast<float>(high - g) / range;
  const float bc = static_cast<float>(high - b) / range;
  float h = 0;
  if (r == high) {
    h = bc - gc;
  } else if (g == high) {
    h = static_cast<float>(2.0 + rc - bc);
  } else {
    h = static_cast<float>(4.0 + gc - rc);
  }
  h = static_cast<float>(std::fmod(h / 6.0 + 1.0, 1.0));
  return {
      static_cast<uint8_t>(h * 255.0), static_cast<uint8_t>(s * 255.0), high};
}

}  // namespace

void blend_constant(uint8_t* p, int64_t n, float base, float factor) {
  for (int64_t i = 0; i < n; ++i) {
    p[i] = blend(base, p[i], factor);
  }
}

void blend_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) {
    const float gray = gray_of(r[i], g[i], b[i]);
    r[i] = blend(gray, r[i], factor);
    g[i] = blend(gray, g[i], factor);
    b[i] = blend(gray, b[i], factor);
  }
}

void shift_hue(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, uint8_t shift) {
  for (int64_t i = 0; i < n; ++i) {
    const Hsv hsv = to_hsv(r[i], g[i], b[i]);
    const int v = hsv.v;
    if (hsv.s == 0) {
      r[i] = g[i] = b[i] = hsv.v;
      continue;
    }
    const int turned = (hsv.h + shift) & 255;
    const int sector = turned * 6 / 255;
    const double f = (turned * 6 - sector * 255) / 255.0;
    const double s = hsv.s / 255.0;
    const auto p = static_cast<uint8_t>(std::round(v * (1 - s)));
    const auto q = static_cast<uint8_t>(std::round(v * (1 - s * f)));
    const auto t = static_cast<uint8_t>(std::round(v * (1 - s * (1 - f))));
    const uint8_t colors[6][3] = {
        {hsv.v, t, p},
        {q, hsv.v, p},
        {p, hsv.v, t},
        {p, q, hsv.v},
        {t, p, hsv.v},
        {hsv.v, p, q}};
    r[i] = colors[sector % 6][0];
    g[i] = colors[sector % 6][1];
    b[i] = colors[sector % 6][2];
  }
}

void to_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    r[i] = g[i] = b[i] = gray_of(r[i], g[i], b[i]);
  }
}

uint64_t gray_sum(
    const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t n) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum += gray_of(r[i], g[i], b[i]);
  }
  return sum;
}

uint64_t plane_sum(const uint8_t* p, int64_t n) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum += p[i];
  }
  return sum;
}

void solarize(uint8_t* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    p[i] = p[i] < 128 ? p[i] : static_cast<uint8_t>(255 - p[i]);
  }
}

}  // namespace nadir::kernels::reference
