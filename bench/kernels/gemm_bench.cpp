// Products of ViT-S/16 and a batch of 8 on one thread: 5,520 tokens; forward,
// by weights, and for the gradient of weights. GFLOP/s; the peer is
// torch.mm (bench/peers/gemm_torch.py).
#include <benchmark/benchmark.h>

#include "core/aligned.h"
#include "kernels/gemm.h"

namespace nadir::kernels {
namespace {

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
void gemm_linear(benchmark::State& state) {
  const int64_t m = state.range(0);
  const int64_t k = state.range(1);
  const int64_t n = state.range(2);
  const auto tokens = filled(m * k);
  const auto weight = filled(n * k);
  AlignedFloats packed(gemm_packed_size(k, n));
  AlignedFloats scratch(gemm_scratch_size(k));
  AlignedFloats out(m * n);
  for (auto _ : state) {
    gemm_pack({weight.data(), k, true}, k, n, packed.data());
    gemm(
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

// grad^T [M, K] times tokens [K, N], both stored by tokens, of which K.
void gemm_weight_gradient(benchmark::State& state) {
  const int64_t m = state.range(0);
  const int64_t k = state.range(1);
  const int64_t n = state.range(2);
  constexpr int64_t kTerms = 384;
  const auto grad = filled(k * m);
  const auto tokens = filled(k * n);
  AlignedFloats packed(gemm_packed_size(kTerms, n));
  AlignedFloats scratch(gemm_scratch_size(kTerms));
  AlignedFloats out(m * n);
  for (auto _ : state) {
    for (int64_t first = 0; first < k; first += kTerms) {
      const int64_t terms = std::min(kTerms, k - first);
      gemm_pack({tokens.data() + first * n, n}, terms, n, packed.data());
      gemm(
          {{grad.data() + first * m, m, true},
           m,
           terms,
           packed.data(),
           n,
           first == 0 ? GemmInit::kReplace : GemmInit::kAccumulate,
           nullptr,
           out.data(),
           n,
           scratch.data()});
    }
    benchmark::DoNotOptimize(out.data());
  }
  count_flops(state, m, k, n);
}

BENCHMARK(gemm_linear)
    ->Args({5520, 384, 384})
    ->Args({5520, 384, 1152})
    ->Args({5520, 384, 1536})
    ->Args({5520, 1536, 384})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(gemm_weight_gradient)
    ->Args({1536, 5520, 384})
    ->Args({384, 5520, 1536})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace nadir::kernels
