#include <algorithm>

#include "augment/blur.h"
#include "augment/pixel_steps.h"
#include "kernels/color.h"
#include "kernels/normalize.h"
#include "kernels/transpose.h"

namespace nadir::augment {
namespace {

// As Pillow's ImageEnhance.Contrast rounds the mean: int(mean + 0.5).
float rounded_mean(uint64_t sum, int64_t n) {
  const double mean = static_cast<double>(sum) / static_cast<double>(n);
  return static_cast<float>(static_cast<int>(mean + 0.5));
}

// torchvision adds int(255 * hue) modulo 256 to the 8-bit hue.
uint8_t hue_shift(double hue) {
  return static_cast<uint8_t>(static_cast<int32_t>(hue * 255));
}

void jitter_color(
    const ViewDraw& draw, JitterStep step, int64_t n, uint8_t* planes) {
  uint8_t* r = planes;
  uint8_t* g = planes + n;
  uint8_t* b = planes + 2 * n;
  switch (step) {
    case JitterStep::kBrightness:
      kernels::blend_constant(planes, 3 * n, 0.0F, draw.brightness);
      break;
    case JitterStep::kContrast:
      kernels::blend_constant(
          planes,
          3 * n,
          rounded_mean(kernels::gray_sum(r, g, b, n), n),
          draw.contrast);
      break;
    case JitterStep::kSaturation:
      if (draw.saturation != 1) {  // a range of 0 costs nothing
        kernels::blend_gray(r, g, b, n, draw.saturation);
      }
      break;
    case JitterStep::kHue:
      // A range of 0 switches hue off, with Pillow's lossy round trip.
      if (draw.hue != 0) {
        kernels::shift_hue(r, g, b, n, hue_shift(draw.hue));
      }
      break;
  }
}

void jitter_band(
    const ViewDraw& draw, JitterStep step, int64_t n, uint8_t* plane) {
  if (step == JitterStep::kBrightness) {
    kernels::blend_constant(plane, n, 0.0F, draw.brightness);
  } else if (step == JitterStep::kContrast) {
    const float mean = rounded_mean(kernels::plane_sum(plane, n), n);
    kernels::blend_constant(plane, n, mean, draw.contrast);
  }
}

uint8_t* plane_buffer(Scratch& scratch, int64_t n) {
  scratch.plane.resize(std::max(scratch.plane.size(), static_cast<size_t>(n)));
  return scratch.plane.data();
}

void blur(float sigma, int64_t side, Scratch& scratch, uint8_t* plane) {
  const auto weights = box_weights(sigma);
  uint8_t* turned = plane_buffer(scratch, side * side);
  kernels::transpose(plane, side, side, side, turned, side);
  kernels::box_blur_columns(turned, side, side, side, weights);
  kernels::transpose(turned, side, side, side, plane, side);
  kernels::box_blur_columns(plane, side, side, side, weights);
}

}  // namespace

void change_pixels(
    const ViewDraw& draw,
    int64_t num_bands,
    bool is_color,
    int64_t side,
    Scratch& scratch,
    uint8_t* planes) {
  const int64_t n = side * side;
  if (draw.jitter) {
    for (const JitterStep step : draw.jitter_order) {
      if (is_color) {
        jitter_color(draw, step, n, planes);
        continue;
      }
      for (int64_t band = 0; band < num_bands; ++band) {
        jitter_band(draw, step, n, planes + band * n);
      }
    }
  }
  if (draw.grayscale && is_color) {
    kernels::to_gray(planes, planes + n, planes + 2 * n, n);
  }
  for (int64_t band = 0; band < num_bands; ++band) {
    if (draw.blur_sigma > 0) {
      blur(draw.blur_sigma, side, scratch, planes + band * n);
    }
    if (draw.solarize) {
      kernels::solarize(planes + band * n, n);
    }
  }
}

void write_plane(
    const ViewDraw& draw,
    int64_t side,
    float scale,
    float offset,
    Scratch& scratch,
    uint8_t* plane,
    float* out) {
  const Orientation way = orientation_of(draw);
  const uint8_t* src = plane;
  if (way.transpose) {
    uint8_t* turned = plane_buffer(scratch, side * side);
    kernels::transpose(plane, side, side, side, turned, side);
    src = turned;
  }
  kernels::normalize(
      src, side, side, way.flip_rows, way.flip_cols, scale, offset, out);
}

}  // namespace nadir::augment
