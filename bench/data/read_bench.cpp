// Reading patches of three uint16 bands in random order, one thread, files in
// the page cache, from a dataset folder's shards and from a GeoTIFF a band:
// images/s and bytes/s.
#include <benchmark/benchmark.h>

#include "../world.h"
#include "core/random.h"
#include "data/dataset.h"

namespace {

using namespace nadir;

void read_in_random_order(
    benchmark::State& state, const data::DatasetOptions& options) {
  const auto dataset = data::open_dataset(options);
  RandomStream random(1, StreamPurpose::kTest);
  const auto order = random.permutation(dataset->size());
  for (const int64_t id : order) {  // into the page cache
    benchmark::DoNotOptimize(dataset->read(id).bytes().data());
  }
  size_t next = 0;
  int64_t num_bytes = 0;
  for (auto _ : state) {
    const auto image = dataset->read(order[next++ % order.size()]);
    num_bytes += static_cast<int64_t>(image.bytes().size());
    benchmark::DoNotOptimize(image.bytes().data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(num_bytes);
}

void shard_read(benchmark::State& state) {
  if (const auto path = world_path(state, "rgb")) {
    data::DatasetOptions options;
    options.data = *path;
    read_in_random_order(state, options);
  }
}

void folder_read(benchmark::State& state) {
  const auto path = world_path(state, "folder");
  const auto index = world_path(state, "index.parquet");
  if (path && index) {
    data::DatasetOptions options;
    options.data = *path;
    options.index = *index;
    options.bands = {"B04", "B03", "B02"};
    read_in_random_order(state, options);
  }
}

BENCHMARK(shard_read)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(folder_read)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
