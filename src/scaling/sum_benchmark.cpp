#include "scaling/sum_benchmark.h"

#include <chrono>

#include <ATen/ATen.h>

#include "core/cpu.h"
#include "scaling/median.h"

namespace nadir::scaling {
namespace {

constexpr int64_t kRepeats = 7;
constexpr int64_t kMostRepeats = 200;  // small sums are many
constexpr double kBytesPerSize = 4e6;

}  // namespace

std::vector<TimedSum> time_sums(
    const distributed::Communicator& group,
    const std::vector<int64_t>& sizes_bytes) {
  using Clock = std::chrono::steady_clock;
  std::vector<TimedSum> sums;
  for (const int64_t num_bytes : sizes_bytes) {
    const auto values = at::zeros({num_bytes / 4});
    const int64_t repeats = std::clamp(
        static_cast<int64_t>(kBytesPerSize / static_cast<double>(num_bytes)),
        kRepeats,
        kMostRepeats);
    for (int64_t i = 0; i < 3; ++i) {
      group.sum(values);
    }
    std::vector<double> wall_s;
    group.barrier();
    const double processor_start_s = processor_time_s();
    for (int64_t i = 0; i < repeats; ++i) {
      const auto start = Clock::now();
      group.sum(values);
      wall_s.push_back(
          std::chrono::duration<double>(Clock::now() - start).count());
    }
    const double processor_s = processor_time_s() - processor_start_s;
    const auto of_all_R2 = group.gather(at::tensor(
        {median(wall_s), processor_s / static_cast<double>(repeats)},
        at::kDouble));
    sums.push_back(
        {static_cast<double>(num_bytes),
         of_all_R2.select(1, 0).max().item<double>(),
         of_all_R2.select(1, 1).sum().item<double>()});
  }
  return sums;
}

}  // namespace nadir::scaling
