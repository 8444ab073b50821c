// For benchmarks with LibTorch: as the program itself does, tunes the allocator
// first thing.
#include <benchmark/benchmark.h>

#include "model/device.h"

int main(int argc, char** argv) {
  nadir::model::tune_allocator();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
