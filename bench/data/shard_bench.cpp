// Reading patches of three uint16 bands from a dataset folder's shards in
// random order, one thread, files in the page cache: images/s and bytes/s.
#include <benchmark/benchmark.h>

#include "../world.h"
#include "core/random.h"
#include "data/dataset.h"

namespace {

using namespace nadir;

void shard_read(benchmark::State& state) {
  const auto path = world_path(state, "rgb");
  if (!path) {
    return;
  }
  data::DatasetOptions options;
  options.data = *path;
  const auto dataset = data::open_dataset(options);
  RandomStream random(1, StreamPurpose::kTest);
  const auto order = random.permutation(dataset->size());
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

BENCHMARK(shard_read)->Unit(benchmark::kMicrosecond);

}  // namespace
