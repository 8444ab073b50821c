// One optimiser step of DINO from views to moved teacher, in images/s: teacher
// and student forward, loss, backward, clipping, AdamW, EMA, centre. Threads:
// OMP_NUM_THREADS. The same in PyTorch eager: bench/peers/dino_step_torch.py.
// Counters: GFLOP/s by the run estimate's count, the estimate's images/s and
// memory over the measured ones, and the highest resident memory, which is
// this case's own only where it runs alone (--benchmark_filter).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include "core/cpu.h"
#include "train/dino_learner.h"
#include "train/run_estimate.h"

namespace {

using namespace nadir;

struct Case {
  const char* arch;
  int64_t patch_size;
  int64_t global_px;
  int64_t local_px;
  int64_t out_dim;
  int64_t batch_size;
};

train::PretrainConfig config_of(const Case& shape) {
  train::PretrainConfig config;
  config.model.arch = shape.arch;
  config.model.patch_size = shape.patch_size;
  config.views.global_crop_size = shape.global_px;
  config.views.local_crop_size = shape.local_px;
  config.head.out_dim = shape.out_dim;
  config.optim.batch_size_per_gpu = shape.batch_size;
  return config;
}

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

// Other views each time, so that the loss does not fall to nothing.
train::MicroBatch draw_views(const train::PretrainConfig& config) {
  const int64_t batch = config.optim.batch_size_per_gpu;
  const int64_t global = config.views.global_crop_size;
  const int64_t local = config.views.local_crop_size;
  return {
      {at::randn({2 * batch, 3, global, global}),
       at::randn({config.views.local_crops_number * batch, 3, local, local})},
      batch};
}

void dino_step(benchmark::State& state, const Case& shape) {
  const auto config = config_of(shape);
  const auto estimate = train::estimate_run(
      config, 3, train::measure_gflop_per_s(ssl::Precision::kFp32));
  train::DinoLearner learner(config, 3, at::kCPU);
  const train::StepValues values = {
      .lr = 1e-4,
      .weight_decay = 0.04,
      .momentum = 0.996,
      .teacher_temp = 0.04};
  std::vector<train::MicroBatch> batches = {
      draw_views(config), draw_views(config)};
  int64_t step = 0;
  const auto run = [&] {
    const auto& batch = batches[static_cast<size_t>(step) % batches.size()];
    const auto result =
        learner.step(step, values, false, [&] { return batch; });
    if (!result.is_finite) {
      state.SkipWithError("the loss is not finite");
    }
    ++step;
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

#define NADIR_STEP_BENCHMARK(name, steps, ...)          \
  BENCHMARK_CAPTURE(dino_step, name, Case{__VA_ARGS__}) \
      ->Iterations(steps)                               \
      ->UseRealTime()                                   \
      ->MeasureProcessCPUTime()                         \
      ->Unit(benchmark::kMillisecond)

NADIR_STEP_BENCHMARK(vit_small_16, 1, "vit_small", 16, 224, 96, 65536, 8);
NADIR_STEP_BENCHMARK(
    vit_small_16_batch_16, 1, "vit_small", 16, 224, 96, 65536, 16);
NADIR_STEP_BENCHMARK(vit_tiny_16, 2, "vit_tiny", 16, 224, 96, 65536, 8);
NADIR_STEP_BENCHMARK(vit_small_8_of_64px, 1, "vit_small", 8, 64, 32, 1024, 32);
NADIR_STEP_BENCHMARK(vit_tiny_8_of_64px, 2, "vit_tiny", 8, 64, 32, 1024, 32);

}  // namespace
