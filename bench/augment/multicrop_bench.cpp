// The full multi-crop of the reference recipe, 2 x 224 and 8 x 96 from
// 120 x 120 x 3 tiles, one thread; NADIR_MAX_ISA caps the kernels. The same
// with torchvision on Pillow: bench/peers/augment_torchvision.py.
#include <benchmark/benchmark.h>

#include "augment/view_maker.h"
#include "tiles.h"

namespace {

using namespace nadir;
using namespace nadir::augment;

void run(
    benchmark::State& state,
    const std::vector<raster::Image>& tiles,
    bool is_color) {
  const int64_t num_bands = tiles.front().num_bands();
  const ViewMaker maker(
      ViewConfig{},
      std::vector<double>(static_cast<size_t>(num_bands), 0.45),
      std::vector<double>(static_cast<size_t>(num_bands), 0.22),
      is_color);
  std::vector<std::vector<float>> views;
  for (int64_t view = 0; view < maker.num_views(); ++view) {
    const int64_t side = maker.view_size(view);
    views.emplace_back(static_cast<size_t>(num_bands * side * side));
  }
  uint64_t sample = 0;
  for (auto _ : state) {
    const raster::Image& tile = tiles[sample % tiles.size()];
    for (int64_t view = 0; view < maker.num_views(); ++view) {
      RandomStream random(
          0, StreamPurpose::kAugment, 0, sample, static_cast<uint32_t>(view));
      maker.make_view(tile, view, random, views[static_cast<size_t>(view)]);
    }
    benchmark::DoNotOptimize(views.data());
    ++sample;
  }
  state.SetItemsProcessed(state.iterations());  // images/s
}

void multicrop(benchmark::State& state) {
  run(state, scene_tiles(64, 120), true);
}

// Twelve bands in float32, as z-scored Sentinel-2 patches are.
void multicrop_float_12(benchmark::State& state) {
  const auto colors = scene_tiles(16, 120);
  std::vector<raster::Image> tiles;
  for (const raster::Image& color : colors) {
    raster::Image tile(12, 120, 120, raster::PixelType::kFloat32);
    for (int64_t band = 0; band < 12; ++band) {
      const auto src = color.band<uint8_t>(band % 3);
      auto dst = tile.band<float>(band);
      for (size_t i = 0; i < src.size(); ++i) {
        dst[i] = static_cast<float>(src[i]) / 255.0F;
      }
    }
    tiles.push_back(std::move(tile));
  }
  run(state, tiles, false);
}

BENCHMARK(multicrop)->Unit(benchmark::kMicrosecond);
BENCHMARK(multicrop_float_12)->Unit(benchmark::kMicrosecond);

}  // namespace
