// The full multi-crop of the reference recipe, 2 x 224 and 8 x 96 from
// 120 x 120 x 3 tiles, one thread; NADIR_MAX_ISA caps the kernels. The same
// with torchvision on Pillow: bench/peers/augment_torchvision.py.
#include <benchmark/benchmark.h>

#include "augment/view_maker.h"
#include "tiles.h"

namespace {

using namespace nadir;
using namespace nadir::augment;

void multicrop(benchmark::State& state) {
  const auto tiles = scene_tiles(64, 120);
  const ViewMaker maker(
      ViewConfig{}, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, true);
  std::vector<std::vector<float>> views;
  for (int64_t view = 0; view < maker.num_views(); ++view) {
    const int64_t side = maker.view_size(view);
    views.emplace_back(static_cast<size_t>(3 * side * side));
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

BENCHMARK(multicrop)->Unit(benchmark::kMicrosecond);

}  // namespace
