#include "augment/view_draw.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nadir::augment {
namespace {

constexpr double kLowRatio = 3.0 / 4.0;
constexpr double kHighRatio = 4.0 / 3.0;
constexpr double kBlurProb[] = {1.0, 0.1, 0.5};  // global 1, global 2, local

int64_t uniform_up_to(int64_t last, RandomStream& random) {
  return static_cast<int64_t>(
      random.uniform_int(static_cast<uint64_t>(last) + 1));
}

CropBox centered(
    int64_t height, int64_t width, int64_t box_height, int64_t box_width) {
  return {
      (height - box_height) / 2,
      (width - box_width) / 2,
      box_height,
      box_width};
}

float draw_factor(double half_range, RandomStream& random) {
  return static_cast<float>(
      random.uniform(std::max(0.0, 1.0 - half_range), 1.0 + half_range));
}

void draw_jitter(
    const ViewConfig& config, ViewDraw& draw, RandomStream& random) {
  draw.jitter_order = {
      JitterStep::kBrightness,
      JitterStep::kContrast,
      JitterStep::kSaturation,
      JitterStep::kHue};
  for (size_t i = draw.jitter_order.size() - 1; i > 0; --i) {
    std::swap(
        draw.jitter_order[i], draw.jitter_order[random.uniform_int(i + 1)]);
  }
  draw.brightness = draw_factor(config.brightness, random);
  draw.contrast = draw_factor(config.contrast, random);
  draw.saturation = draw_factor(config.saturation, random);
  draw.hue = random.uniform(-config.hue, config.hue);
}

}  // namespace

CropBox draw_crop_box(
    int64_t height,
    int64_t width,
    double low_scale,
    double high_scale,
    RandomStream& random) {
  const auto area = static_cast<double>(height * width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(low_scale, high_scale);
    const double ratio =
        std::exp(random.uniform(std::log(kLowRatio), std::log(kHighRatio)));
    // nearbyint rounds half to even, as Python's round.
    const auto box_width =
        static_cast<int64_t>(std::nearbyint(std::sqrt(target * ratio)));
    const auto box_height =
        static_cast<int64_t>(std::nearbyint(std::sqrt(target / ratio)));
    if (box_width > 0 && box_width <= width && box_height > 0 &&
        box_height <= height) {
      const int64_t top = uniform_up_to(height - box_height, random);
      const int64_t left = uniform_up_to(width - box_width, random);
      return {top, left, box_height, box_width};
    }
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  if (ratio < kLowRatio) {
    const auto box_height = static_cast<int64_t>(
        std::nearbyint(static_cast<double>(width) / kLowRatio));
    return centered(height, width, box_height, width);
  }
  if (ratio > kHighRatio) {
    const auto box_width = static_cast<int64_t>(
        std::nearbyint(static_cast<double>(height) * kHighRatio));
    return centered(height, width, height, box_width);
  }
  return {0, 0, height, width};
}

ViewDraw draw_view(
    const ViewConfig& config,
    int64_t view,
    int64_t height,
    int64_t width,
    RandomStream& random) {
  const bool is_global = view < 2;
  const auto& scale =
      is_global ? config.global_crops_scale : config.local_crops_scale;
  ViewDraw draw;
  draw.box = draw_crop_box(height, width, scale[0], scale[1], random);
  draw.flip_cols = random.uniform() < 0.5;
  if (config.vertical_flip) {
    draw.flip_rows = random.uniform() < 0.5;
  }
  if (config.quarter_turns) {
    draw.quarter_turns = static_cast<int>(random.uniform_int(4));
  }
  draw.jitter = random.uniform() < config.color_jitter_prob;
  if (draw.jitter) {
    draw_jitter(config, draw, random);
  }
  draw.grayscale = random.uniform() < config.grayscale_prob;
  if (random.uniform() <= kBlurProb[std::min<int64_t>(view, 2)]) {
    draw.blur_sigma = static_cast<float>(
        random.uniform(config.blur_sigma[0], config.blur_sigma[1]));
  }
  if (view == 1) {
    draw.solarize = random.uniform() < config.solarize_prob;
  }
  return draw;
}

}  // namespace nadir::augment
