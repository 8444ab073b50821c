// Products of ViT-S/16 and a batch of 8 on one thread: 5,520 tokens; forward,
// by weights, and for the gradient of weights, in float32 and in bfloat16.
// FLOP/s.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "core/aligned.h"
#include "ops/chunks.h"
#include "ops/weight_format.h"
#include "ops/weight_gradient.h"

namespace nadir::ops {
namespace {

using kernels::GemmInit;

AlignedFloats filled(int64_t count) {
  AlignedFloats values(count);
  for (int64_t i = 0; i < count; ++i) {
    values.data()[i] = static_cast<float>(i % 31) * 0.03F;
  }
  return values;
}

void count_flops(benchmark::State& state, int64_t m, int64_t k, int64_t n) {
  state.counters["FLOP/s"] = benchmark::Counter(
      2.0 * static_cast<double>(m * k * n),
      benchmark::Counter::kIsIterationInvariantRate);
}

// tokens [M, K] times weight^T, weight [N, K]; packing counts.
void linear(benchmark::State& state, WeightFormat format) {
  const auto& products = products_in(format);
  const int64_t m = state.range(0);
  const int64_t k = state.range(1);
  const int64_t n = state.range(2);
  const auto tokens = filled(m * k);
  const auto weight = filled(n * k);
  AlignedFloats packed(products.packed_size(k, n));
  AlignedFloats scratch(products.scratch_size(k));
  AlignedFloats out(m * n);
  for (auto _ : state) {
    products.pack({weight.data(), k, true}, k, n, packed.data());
    products.multiply(
        {{tokens.data(), k},
         m,
         k,
         packed.data(),
         n,
         GemmInit::kReplace,
         nullptr,
         out.data(),
         n,
         scratch.data()});
    benchmark::DoNotOptimize(out.data());
  }
  count_flops(state, m, k, n);
}

// grad^T [M, K] times tokens [K, N], both stored by tokens, of which K; packing
// counts.
void weight_gradient(benchmark::State& state, WeightFormat format) {
  const int64_t m = state.range(0);
  const int64_t k = state.range(1);
  const int64_t n = state.range(2);
  at::set_num_threads(1);
  const auto grad = filled(k * m);
  const auto tokens = filled(k * n);
  WeightGradient gradient(k, m, n, format);
  for (auto _ : state) {
    for (int64_t first = 0; first < k; first += kChunkRows) {
      gradient.add(
          first,
          std::min(kChunkRows, k - first),
          grad.data() + first * m,
          m,
          tokens.data() + first * n);
    }
    benchmark::DoNotOptimize(gradient.weight());
  }
  count_flops(state, m, k, n);
}

void use_linear_shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({5520, 384, 384})
      ->Args({5520, 384, 1152})
      ->Args({5520, 1152, 384})
      ->Args({5520, 384, 1536})
      ->Args({5520, 1536, 384})
      ->Unit(benchmark::kMillisecond);
}

void use_gradient_shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({1536, 5520, 384})
      ->Args({384, 5520, 1536})
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(linear, float32, WeightFormat::kFloat32)
    ->Apply(use_linear_shapes);
BENCHMARK_CAPTURE(linear, bfloat16, WeightFormat::kBfloat16)
    ->Apply(use_linear_shapes);
BENCHMARK_CAPTURE(weight_gradient, float32, WeightFormat::kFloat32)
    ->Apply(use_gradient_shapes);
BENCHMARK_CAPTURE(weight_gradient, bfloat16, WeightFormat::kBfloat16)
    ->Apply(use_gradient_shapes);

}  // namespace
}  // namespace nadir::ops
