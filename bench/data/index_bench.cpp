// The index of a synthetic BigEarthNet from its folder and its .tar, in
// patches/s; files in the page cache. The same by bigearthnet_gdf_builder:
// bench/peers/index_gdf_builder.py.
#include <benchmark/benchmark.h>

#include "../world.h"
#include "core/file.h"
#include "data/index.h"

namespace {

using namespace nadir;

void index_of(benchmark::State& state, const char* source) {
  const auto path = world_path(state, source);
  const auto lists = world_path(state, "lists");
  if (!path || !lists) {
    return;
  }
  const TemporaryFolder out;
  data::IndexOptions options;
  options.source = *path;
  options.lists = *lists;
  options.num_threads = static_cast<int>(state.range(0));
  int64_t num_patches = 0;
  for (auto _ : state) {
    const auto index = data::make_index(options);
    data::write_index(out.path() / "index.parquet", index.table);
    num_patches += index.report.num_patches;
  }
  state.SetItemsProcessed(num_patches);
}

void index_folder(benchmark::State& state) {
  index_of(state, "folder");
}

void index_tar(benchmark::State& state) {
  index_of(state, "archive.tar");
}

BENCHMARK(index_folder)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(index_tar)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
