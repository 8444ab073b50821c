// Scenes as files, and a network for them, small enough for tests.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "core/random.h"
#include "eval/tiny_network.h"
#include "raster/geotiff.h"
#include "scene/window_model.h"

namespace nadir::scene {

inline raster::Georeference utm_grid() {
  return {"EPSG:32633", {404400, 10, 0, 5342400, 0, -10}};
}

// Colour noise, 1 to 255.
inline raster::Image noise_image(
    int64_t height, int64_t width, uint64_t seed = 1) {
  raster::Image image(3, height, width, raster::PixelType::kUint8);
  RandomStream random(seed, StreamPurpose::kTest);
  for (int64_t band = 0; band < 3; ++band) {
    for (uint8_t& pixel : image.band<uint8_t>(band)) {
      pixel = static_cast<uint8_t>(1 + random.uniform_int(255));
    }
  }
  return image;
}

inline std::string write_scene(
    const std::filesystem::path& path, const raster::Image& image) {
  raster::write_geotiff(path, image, utm_grid());
  return path.string();
}

// The pixels of a rectangle, in all bands.
inline void set_pixels(
    raster::Image& image,
    int64_t top,
    int64_t left,
    int64_t height,
    int64_t width,
    uint8_t value) {
  for (int64_t band = 0; band < image.num_bands(); ++band) {
    const auto pixels = image.band<uint8_t>(band);
    for (int64_t row = top; row < top + height; ++row) {
      for (int64_t col = left; col < left + width; ++col) {
        pixels[row * image.width() + col] = value;
      }
    }
  }
}

// A probe of three classes on all features of the tiny network.
inline eval::Probe tiny_probe(const eval::FrozenNetwork& frozen) {
  eval::Probe probe;
  probe.layout = eval::layout_of(*frozen.network, 2, true);
  probe.head.columns = probe.layout.columns(2, true);
  const auto generator = at::detail::createCPUGenerator(3);
  probe.head.weight_CF =
      at::randn({3, probe.head.columns.width}, generator) * 0.1;
  probe.head.bias_C = at::randn({3}, generator);
  probe.class_names = {"water", "forest", "field, or not"};
  probe.thresholds = {0.5, 0.5, 0.5};
  probe.views = {*frozen.normalization, 18, 16, 0, 0};
  probe.weights_sha256 = frozen.sha256;
  return probe;
}

inline FrozenModel tiny_model(bool has_embedding = true) {
  auto frozen = eval::tiny_network();
  auto probe = tiny_probe(frozen);
  const auto layout = probe.layout;
  std::optional<eval::FeatureColumns> embedding;
  if (has_embedding) {
    embedding = layout.columns(1, false);
  }
  return {std::move(frozen), std::move(probe), layout, std::move(embedding)};
}

}  // namespace nadir::scene
