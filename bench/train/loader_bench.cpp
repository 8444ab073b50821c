// Batches of DINO's ten views from stored images, in images/s: reading,
// normalisation, augmentation, handing over. The consumer does nothing, so
// this is what the loader can give. The same by torchvision on Pillow:
// bench/peers/loader_torchvision.py.
#include <benchmark/benchmark.h>

#include "../world.h"
#include "train/view_source.h"

namespace {

using namespace nadir;

void load_views(benchmark::State& state, const char* source) {
  const auto path = world_path(state, source);
  if (!path) {
    return;
  }
  data::DatasetOptions options;
  options.data = *path;
  const std::shared_ptr<const data::Dataset> dataset =
      data::open_dataset(options);
  const auto first = dataset->read(0);
  const auto normalization = data::make_normalization(
      "auto", dataset->bands(), first.type(), dataset->statistics());
  train::PretrainConfig config;
  config.optim.batch_size_per_gpu = 32;
  config.run.num_workers = state.range(0);
  train::ViewSource source_of_views(dataset, normalization, config);
  source_of_views.start(0, 0, 1'000'000);
  (void)source_of_views.next();
  for (auto _ : state) {
    const auto batch = source_of_views.next();
    benchmark::DoNotOptimize(batch.groups.front().const_data_ptr());
  }
  state.SetItemsProcessed(state.iterations() * config.optim.batch_size_per_gpu);
}

void loader_shards(benchmark::State& state) {
  load_views(state, "rgb");
}

void loader_png(benchmark::State& state) {
  load_views(state, "png");
}

void settings(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->UseRealTime()
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK(loader_shards)->Apply(settings);
BENCHMARK(loader_png)->Apply(settings);

}  // namespace
