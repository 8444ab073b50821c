// Each step of a global view (3 x 224 x 224), in views/s, and the resize of
// crops of several sides.
#include <benchmark/benchmark.h>

#include "augment/pixel_steps.h"
#include "augment/resize.h"
#include "tiles.h"

namespace {

using namespace nadir;
using namespace nadir::augment;

constexpr int64_t kSide = 224;
constexpr int64_t kPixels = kSide * kSide;

void resize(benchmark::State& state) {
  const auto tiles = scene_tiles(16, 120);
  const int64_t side = state.range(0);
  const int64_t out_side = state.range(1);
  std::vector<uint8_t> out(static_cast<size_t>(3 * out_side * out_side));
  Scratch& scratch = thread_scratch();
  size_t next = 0;
  for (auto _ : state) {
    const raster::Image& tile = tiles[next++ % tiles.size()];
    set_taps(
        scratch, {side, out_side, 0, out_side}, {side, out_side, 0, out_side});
    for (int64_t band = 0; band < 3; ++band) {
      resize_plane(
          tile.band<uint8_t>(band).data(),
          120,
          {3, 5, side, side},
          scratch,
          out.data() + band * out_side * out_side);
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(resize)
    ->Args({100, 224})
    ->Args({50, 96})
    ->Unit(benchmark::kMicrosecond);

// One step of the jitter; the others stay off, hue first among them.
ViewDraw only_jitter(JitterStep step) {
  ViewDraw draw;
  draw.jitter = true;
  draw.jitter_order.fill(
      step == JitterStep::kHue ? JitterStep::kSaturation : JitterStep::kHue);
  draw.jitter_order[0] = step;
  draw.brightness = 1.2F;
  draw.contrast = 0.8F;
  draw.saturation = step == JitterStep::kHue ? 1.0F : 1.1F;
  draw.hue = step == JitterStep::kHue ? 0.07 : 0.0;
  return draw;
}

void change(benchmark::State& state, const ViewDraw& draw) {
  const auto tiles = scene_tiles(4, kSide);
  std::vector<uint8_t> planes(3 * kPixels);
  size_t next = 0;
  for (auto _ : state) {
    // A copy (a few microseconds) keeps repeated steps from wearing the
    // pixels out.
    const auto bytes = tiles[next++ % tiles.size()].bytes();
    std::memcpy(planes.data(), bytes.data(), bytes.size());
    change_pixels(draw, 3, true, kSide, thread_scratch(), planes.data());
    benchmark::DoNotOptimize(planes.data());
  }
  state.SetItemsProcessed(state.iterations());
}

void brightness(benchmark::State& state) {
  change(state, only_jitter(JitterStep::kBrightness));
}

void contrast(benchmark::State& state) {
  change(state, only_jitter(JitterStep::kContrast));
}

void saturation(benchmark::State& state) {
  change(state, only_jitter(JitterStep::kSaturation));
}

void hue(benchmark::State& state) {
  change(state, only_jitter(JitterStep::kHue));
}

void grayscale(benchmark::State& state) {
  ViewDraw draw;
  draw.grayscale = true;
  change(state, draw);
}

void blur(benchmark::State& state) {
  ViewDraw draw;
  draw.blur_sigma = static_cast<float>(state.range(0)) / 10;
  change(state, draw);
}

void solarize(benchmark::State& state) {
  ViewDraw draw;
  draw.solarize = true;
  change(state, draw);
}

void normalize(benchmark::State& state) {
  auto tile = scene_tiles(1, kSide).front();
  std::vector<float> out(3 * kPixels);
  ViewDraw draw;
  draw.flip_cols = true;
  for (auto _ : state) {
    for (int64_t band = 0; band < 3; ++band) {
      write_plane(
          draw,
          kSide,
          0.017F,
          -2.0F,
          thread_scratch(),
          tile.band<uint8_t>(band).data(),
          out.data() + band * kPixels);
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(brightness)->Unit(benchmark::kMicrosecond);
BENCHMARK(contrast)->Unit(benchmark::kMicrosecond);
BENCHMARK(saturation)->Unit(benchmark::kMicrosecond);
BENCHMARK(hue)->Unit(benchmark::kMicrosecond);
BENCHMARK(grayscale)->Unit(benchmark::kMicrosecond);
BENCHMARK(blur)->Arg(8)->Arg(19)->Unit(benchmark::kMicrosecond);
BENCHMARK(solarize)->Unit(benchmark::kMicrosecond);
BENCHMARK(normalize)->Unit(benchmark::kMicrosecond);

}  // namespace
