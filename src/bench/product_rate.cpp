#include "bench/product_rate.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "bench/timing.h"
#include "core/signals.h"
#include "train/run_estimate.h"

namespace nadir::bench {

double measure_product_gflop_per_s() {
  constexpr int kTries = 3;
  // Of ViT-S, batch 8: about its tokens by the width within its MLP.
  constexpr int64_t kRows = 4096;
  constexpr int64_t kIn = 1536;
  constexpr int64_t kOut = 1536;
  const at::NoGradGuard no_grad;
  const auto rows = at::ones({kRows, kIn});
  const auto weight = at::ones({kIn, kOut});
  auto out = at::empty({kRows, kOut});
  const auto times =
      time_repeats(2 * kTries, [&] { at::mm_out(out, rows, weight); });
  double best = 2e-9 * static_cast<double>(kRows * kIn * kOut) /
                *std::min_element(times.wall_s.begin(), times.wall_s.end());
  for (int i = 0; i < kTries; ++i) {
    stop_if_told(kRatesSoFar);
    best = std::max(best, model::measure_gflop_per_s(model::Precision::kFp32));
  }
  return best;
}

}  // namespace nadir::bench
