#include <algorithm>
#include <cmath>

#include "augment/blur.h"
#include "augment/pixel_steps.h"

namespace nadir::augment {
namespace {

void blend(float base, float factor, int64_t n, float* plane) {
  for (int64_t i = 0; i < n; ++i) {
    plane[i] = base + factor * (plane[i] - base);
  }
}

float mean_of(const float* plane, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum += plane[i];
  }
  return static_cast<float>(sum / static_cast<double>(n));
}

// One box pass down the columns; rows are replicated at the border.
void box_pass(float radius, int64_t side, const float* src, float* dst) {
  const auto whole = static_cast<int64_t>(radius);
  const float inner = 1 / (2 * radius + 1);
  const float edge = (radius - static_cast<float>(whole)) * inner;
  const auto row = [&](int64_t y) {
    return src + std::clamp<int64_t>(y, 0, side - 1) * side;
  };
  for (int64_t y = 0; y < side; ++y) {
    float* out = dst + y * side;
    const float* above = row(y - whole - 1);
    const float* below = row(y + whole + 1);
    for (int64_t x = 0; x < side; ++x) {
      out[x] = edge * (above[x] + below[x]);
    }
    for (int64_t k = -whole; k <= whole; ++k) {
      const float* at = row(y + k);
      for (int64_t x = 0; x < side; ++x) {
        out[x] += inner * at[x];
      }
    }
  }
}

void transpose(int64_t side, const float* src, float* dst) {
  for (int64_t r = 0; r < side; ++r) {
    for (int64_t c = 0; c < side; ++c) {
      dst[c * side + r] = src[r * side + c];
    }
  }
}

float* plane_buffer(Scratch& scratch, int64_t n) {
  scratch.float_plane.resize(
      std::max(scratch.float_plane.size(), static_cast<size_t>(n)));
  return scratch.float_plane.data();
}

// Three passes and a transposition, twice: rows, then columns.
void blur(float sigma, int64_t side, Scratch& scratch, float* plane) {
  float* other = plane_buffer(scratch, side * side);
  const float radius = box_radius(sigma);
  transpose(side, plane, other);
  for (int axis = 0; axis < 2; ++axis) {
    box_pass(radius, side, other, plane);
    box_pass(radius, side, plane, other);
    box_pass(radius, side, other, plane);
    if (axis == 0) {
      transpose(side, plane, other);
    }
  }
}

}  // namespace

void change_pixels(
    const ViewDraw& draw,
    int64_t num_bands,
    int64_t side,
    Scratch& scratch,
    float* planes) {
  const int64_t n = side * side;
  for (int64_t band = 0; band < num_bands; ++band) {
    float* plane = planes + band * n;
    for (const JitterStep step : draw.jitter_order) {
      if (draw.jitter && step == JitterStep::kBrightness) {
        blend(0.0F, draw.brightness, n, plane);
      } else if (draw.jitter && step == JitterStep::kContrast) {
        blend(mean_of(plane, n), draw.contrast, n, plane);
      }
    }
    if (draw.blur_sigma > 0) {
      blur(draw.blur_sigma, side, scratch, plane);
    }
    if (draw.solarize) {
      for (int64_t i = 0; i < n; ++i) {
        plane[i] = plane[i] < 0.5F ? plane[i] : 1 - plane[i];
      }
    }
  }
}

void write_plane(
    const ViewDraw& draw,
    int64_t side,
    float scale,
    float offset,
    Scratch& scratch,
    float* plane,
    float* out) {
  const Orientation way = orientation_of(draw);
  const float* src = plane;
  if (way.transpose) {
    float* turned = plane_buffer(scratch, side * side);
    transpose(side, plane, turned);
    src = turned;
  }
  for (int64_t r = 0; r < side; ++r) {
    const float* row = src + (way.flip_rows ? side - 1 - r : r) * side;
    for (int64_t c = 0; c < side; ++c) {
      out[r * side + c] =
          scale * row[way.flip_cols ? side - 1 - c : c] + offset;
    }
  }
}

}  // namespace nadir::augment
