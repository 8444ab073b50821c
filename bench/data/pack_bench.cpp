// Packing a synthetic BigEarthNet into a dataset folder, in patches/s: decode
// GeoTIFF, statistics, checksum, safetensors, LMDB and its synchronisation to
// the disk. Three bands or twelve, from the folder or the .tar.
#include <benchmark/benchmark.h>

#include "../world.h"
#include "core/file.h"
#include "data/pack.h"

namespace {

using namespace nadir;

void pack(
    benchmark::State& state,
    const char* source,
    const std::vector<std::string>& bands) {
  const auto path = world_path(state, source);
  const auto index = world_path(state, "index.parquet");
  if (!path || !index) {
    return;
  }
  int64_t num_packed = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto folder = std::make_unique<TemporaryFolder>();
    state.ResumeTiming();
    data::PackOptions options;
    options.source = *path;
    options.index = *index;
    options.out = folder->path() / "out";
    options.bands = bands;
    options.num_threads = state.range(0);
    num_packed += data::pack_dataset(options).num_packed;
    state.PauseTiming();
    folder.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(num_packed);
}

const std::vector<std::string> kRgb = {"B04", "B03", "B02"};

void pack_folder_rgb(benchmark::State& state) {
  pack(state, "folder", kRgb);
}

void pack_folder_all(benchmark::State& state) {
  pack(state, "folder", {});
}

void pack_tar_rgb(benchmark::State& state) {
  pack(state, "archive.tar", kRgb);
}

void settings(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->UseRealTime()
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK(pack_folder_rgb)->Apply(settings);
BENCHMARK(pack_folder_all)->Apply(settings);
BENCHMARK(pack_tar_rgb)->Apply(settings);

}  // namespace
