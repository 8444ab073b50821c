// One optimiser step of DINO from views to moved teacher, in images/s: teacher
// and student forward, loss, backward, clipping, AdamW, EMA, centre. Threads:
// OMP_NUM_THREADS. bf16_step is the same with --precision bf16. The same in
// PyTorch eager: bench/peers/dino_step_torch.py. Counters: GFLOP/s by the run
// estimate's count, the estimate's images/s and memory over the measured ones,
// and the highest resident memory, which is this case's own only where it runs
// alone (--benchmark_filter).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include "bench/training_step.h"
#include "core/cpu.h"
#include "train/run_estimate.h"

namespace {

using namespace nadir;

// The bare product that the estimate goes by, in GFLOP/s.
void matrix_product(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const auto a = at::ones({1576, 384});
  const auto b = at::ones({384, 1536});
  auto out = at::empty({1576, 1536});
  for (auto _ : state) {
    at::mm_out(out, a, b);
  }
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * 1576 * 384 * 1536 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}

BENCHMARK(matrix_product)->UseRealTime()->MeasureProcessCPUTime();

void dino_step(benchmark::State& state, const bench::StepShape& shape) {
  bench::TrainingStep step(shape);
  const auto estimate = train::estimate_run(
      step.config(), 3, model::measure_gflop_per_s(model::Precision::kFp32));
  const auto run = [&] {
    if (!step.run()) {
      state.SkipWithError("the loss is not finite");
    }
  };
  run();  // makes threads, buffers and the optimiser's state
  for (auto _ : state) {
    run();
  }
  state.SetItemsProcessed(state.iterations() * shape.batch_size);
  using benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(
      estimate.step_gflop * static_cast<double>(state.iterations()),
      Counter::kIsRate);
  state.counters["estimate_images/s"] =
      static_cast<double>(shape.batch_size) / estimate.step_s;
  state.counters["estimate_MiB"] = estimate.memory_bytes / 0x1p20;
  state.counters["peak_MiB"] =
      static_cast<double>(peak_resident_bytes()) / 0x1p20;
}

void bf16_step(benchmark::State& state, bench::StepShape shape) {
  shape.precision = "bf16";
  dino_step(state, shape);
}

#define NADIR_STEP_BENCHMARK(run, name, steps, ...)           \
  BENCHMARK_CAPTURE(run, name, bench::StepShape{__VA_ARGS__}) \
      ->Iterations(steps)                                     \
      ->UseRealTime()                                         \
      ->MeasureProcessCPUTime()                               \
      ->Unit(benchmark::kMillisecond)

#define NADIR_STEP_BENCHMARKS(run)                                         \
  NADIR_STEP_BENCHMARK(                                                    \
      run, vit_small_16, 3, "vit_small", 16, 224, 96, 65536, 8);           \
  NADIR_STEP_BENCHMARK(                                                    \
      run, vit_small_16_batch_16, 1, "vit_small", 16, 224, 96, 65536, 16); \
  NADIR_STEP_BENCHMARK(                                                    \
      run, vit_tiny_16, 2, "vit_tiny", 16, 224, 96, 65536, 8);             \
  NADIR_STEP_BENCHMARK(                                                    \
      run, vit_small_8_of_64px, 1, "vit_small", 8, 64, 32, 1024, 32);      \
  NADIR_STEP_BENCHMARK(                                                    \
      run, vit_tiny_8_of_64px, 2, "vit_tiny", 8, 64, 32, 1024, 32)

NADIR_STEP_BENCHMARKS(dino_step);
NADIR_STEP_BENCHMARKS(bf16_step);

}  // namespace
