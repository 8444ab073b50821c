#include "train/rank_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace nadir::train {
namespace {

constexpr double kSlow = 1.5;        // times the median
constexpr int64_t kLeastInARow = 5;  // what a moment's noise does not make

}  // namespace

std::string RankWatch::add(
    const std::vector<double>& compute_s,
    const std::vector<std::string>& hosts) {
  NADIR_ASSERT(!compute_s.empty() && hosts.size() == compute_s.size());
  is_named_.resize(compute_s.size());
  auto sorted = compute_s;
  std::sort(sorted.begin(), sorted.end());
  // The lower one of two ranks: the faster.
  const double median = sorted[(sorted.size() - 1) / 2];
  const auto slowest = std::max_element(compute_s.begin(), compute_s.end());
  const int64_t rank = std::distance(compute_s.begin(), slowest);
  if (*slowest < kSlow * median) {
    slow_rank_ = -1;
    return "";
  }
  num_in_a_row_ = rank == slow_rank_ ? num_in_a_row_ + 1 : 1;
  slow_rank_ = rank;
  const auto at = static_cast<size_t>(rank);
  if (num_in_a_row_ < kLeastInARow || is_named_[at]) {
    return "";
  }
  is_named_[at] = true;
  return fmt::format(
      "rank {} of {} on {} takes {:.2f} s for its part of a step, the median "
      "rank {:.2f} s, and all wait for it; see what else runs there",
      rank,
      compute_s.size(),
      hosts[at],
      *slowest,
      median);
}

}  // namespace nadir::train
