#include "bench/product_rate.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "bench/timing.h"
#include "core/signals.h"
#include "train/run_estimate.h"

namespace nadir::bench {

double measure_product_gflop_per_s(
    model::Precision precision, at::Device device) {
  constexpr int kTries = 3;
  // Of ViT-S, batch 8: about its tokens by the width within its MLP.
  const int64_t num_rows = device.is_cpu() ? 4096 : 65536;
  constexpr int64_t kIn = 1536;
  constexpr int64_t kOut = 1536;
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions(device).dtype(
      precision == model::Precision::kBf16 ? at::kBFloat16 : at::kFloat);
  // Of many numbers: a GPU multiplies equal ones faster.
  const auto rows = at::randn({num_rows, kIn}, options);
  const auto weight = at::randn({kIn, kOut}, options);
  auto out = at::empty({num_rows, kOut}, options);
  const auto times = time_repeats(2 * kTries, [&] {
    at::mm_out(out, rows, weight);
    (void)out[0][0].item();  // waits for a GPU
  });
  double best = 2e-9 * static_cast<double>(num_rows * kIn * kOut) /
                *std::min_element(times.wall_s.begin(), times.wall_s.end());
  for (int i = 0; device.is_cpu() && i < kTries; ++i) {
    stop_if_told(kRatesSoFar);
    best = std::max(best, model::measure_gflop_per_s(precision, device));
  }
  return best;
}

}  // namespace nadir::bench
