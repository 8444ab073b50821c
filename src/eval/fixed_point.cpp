#include "eval/fixed_point.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kernels/dot.h"
#include "kernels/int16_gemm.h"

namespace nadir::eval {
namespace {

constexpr int64_t kRowsAtOnce = 512;  // stay in the cache
// Two rows of that length have products below 2^31, and numbers fit int16.
constexpr double kLongestRow = 46340;
constexpr double kLargestNumber = 32767;
// float32 on the way to the numbers: far less than a hundredth of a unit.
constexpr double kSlack = 1.02;

// Calls work(first row, rows less the centre) for parts of the rows, on
// LibTorch's threads.
template <class Work>
void for_each_part(
    const at::Tensor& rows_ND, const at::Tensor& centre_D, Work&& work) {
  at::parallel_for(
      0, rows_ND.size(0), kRowsAtOnce, [&](int64_t begin, int64_t end) {
        for (int64_t first = begin; first < end; first += kRowsAtOnce) {
          const int64_t count = std::min(kRowsAtOnce, end - first);
          work(first, rows_ND.narrow(0, first, count) - centre_D);
        }
      });
}

double longest_row(const at::Tensor& rows_ND) {
  return rows_ND.norm(2, {1}).max().item<double>();
}

}  // namespace

FixedPointRows to_fixed_point(
    const at::Tensor& rows_ND, const at::Tensor& centre_D) {
  const int64_t dim = rows_ND.size(1);
  FixedPointRows fixed;
  fixed.values_ND = at::zeros(
      {rows_ND.size(0), kernels::int16_row_size(dim)}, at::dtype(at::kShort));
  std::mutex mutex;
  double largest = 0;
  for_each_part(rows_ND, centre_D, [&](int64_t, const at::Tensor& part_ND) {
    const double part_longest = longest_row(part_ND);
    const auto part_largest = part_ND.abs().max().item<double>();
    const std::lock_guard lock(mutex);
    fixed.longest = std::max(fixed.longest, part_longest);
    largest = std::max(largest, part_largest);
  });
  if (largest > 0) {
    // Rounding makes a row longer by half the root of its width, at most.
    const double room = 1 + std::sqrt(static_cast<double>(dim)) / 2;
    fixed.scale = std::min(
        (kLongestRow - room) / fixed.longest, (kLargestNumber - 1) / largest);
  }
  for_each_part(
      rows_ND, centre_D, [&](int64_t first, const at::Tensor& part_ND) {
        const auto exact_ND = part_ND * fixed.scale;
        const auto rounded_ND = exact_ND.round();
        fixed.values_ND.narrow(0, first, part_ND.size(0))
            .narrow(1, 0, dim)
            .copy_(rounded_ND);
        const double error = longest_row(exact_ND - rounded_ND) / fixed.scale;
        const std::lock_guard lock(mutex);
        fixed.largest_error = std::max(fixed.largest_error, error);
      });
  return fixed;
}

double product_error(
    const FixedPointRows& a, const FixedPointRows& b, int64_t dim) {
  // a b - a' b' = a (b - b') + (a - a') b', and Cauchy and Schwarz's bound.
  const double error = a.longest * b.largest_error +
                       a.largest_error * (b.longest + b.largest_error);
  return (kSlack * error + kernels::dot_error(dim)) * a.scale * b.scale;
}

}  // namespace nadir::eval
