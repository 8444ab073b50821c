// Features of images that are in memory, in images/s: CLS tokens of the last
// four blocks and the mean patch, vit_small/16 at 224 px. Threads:
// OMP_NUM_THREADS. The same with timm: bench/peers/features_timm.py.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include "core/random.h"
#include "eval/features.h"

namespace {

using namespace nadir;

void features(benchmark::State& state) {
  constexpr int64_t kBatch = 32;
  const at::NoGradGuard no_grad;
  model::VisionTransformer network(model::VitConfig{});
  RandomStream random(0, StreamPurpose::kInit);
  network.init_weights(random);
  network.eval();
  network.freeze(model::Precision::kFp32);
  const auto layout = eval::layout_of(network, 4);
  const auto extract = eval::network_extractor(network, layout, at::kCPU);
  const auto images = at::randn({kBatch, 3, 224, 224});
  (void)extract.features(images);
  for (auto _ : state) {
    const auto values = extract.features(images);
    benchmark::DoNotOptimize(values.const_data_ptr());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

BENCHMARK(features)
    ->Iterations(3)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
