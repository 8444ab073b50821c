// Similarities of 384 test images with 4,800 train images of 384 numbers on one
// thread, all in the caches, in float32 and in 16 bits; packing does not count.
// FLOP/s.
#include <benchmark/benchmark.h>

#include "core/aligned.h"
#include "kernels/gemm.h"
#include "kernels/int16_gemm.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kTrain = 4800;
constexpr int64_t kTest = 384;
constexpr int64_t kWidth = 384;
constexpr int64_t kTile = 48;

template <class Number>
Aligned<Number> numbers(int64_t count) {
  Aligned<Number> values(count);
  for (int64_t i = 0; i < count; ++i) {
    values.data()[i] = static_cast<Number>(i * 7919 % 4001 - 2000);
  }
  return values;
}

void count_flops(benchmark::State& state) {
  state.counters["FLOP/s"] = benchmark::Counter(
      2.0 * static_cast<double>(kTrain * kTest * kWidth),
      benchmark::Counter::kIsIterationInvariantRate);
}

void similarities_float32(benchmark::State& state) {
  const auto train = numbers<float>(kTrain * kWidth);
  const auto test = numbers<float>(kTest * kWidth);
  AlignedFloats packed(gemm_packed_size(kWidth, kTest));
  AlignedFloats scratch(gemm_scratch_size(kWidth));
  AlignedFloats out(kTile * kTest);
  gemm_pack({test.data(), kWidth, true}, kWidth, kTest, packed.data());
  for (auto _ : state) {
    for (int64_t n = 0; n < kTrain; n += kTile) {
      gemm(
          {{train.data() + n * kWidth, kWidth},
           kTile,
           kWidth,
           packed.data(),
           kTest,
           GemmInit::kReplace,
           nullptr,
           out.data(),
           kTest,
           scratch.data()});
      benchmark::DoNotOptimize(out.data());
    }
  }
  count_flops(state);
}

void similarities_int16(benchmark::State& state) {
  const auto train = numbers<int16_t>(kTrain * kWidth);
  const auto test = numbers<int16_t>(kTest * kWidth);
  Aligned<int16_t> packed(int16_padded_cols(kTest) * kWidth);
  Aligned<int32_t> out(kTile * int16_padded_cols(kTest));
  int16_pack(test.data(), kWidth, kTest, packed.data());
  for (auto _ : state) {
    for (int64_t n = 0; n < kTrain; n += kTile) {
      int16_gemm(
          {train.data() + n * kWidth,
           kTile,
           kWidth,
           packed.data(),
           kTest,
           out.data()});
      benchmark::DoNotOptimize(out.data());
    }
  }
  count_flops(state);
}

BENCHMARK(similarities_float32)->Unit(benchmark::kMillisecond);
BENCHMARK(similarities_int16)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace nadir::kernels
