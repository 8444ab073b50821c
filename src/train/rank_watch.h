// Whether one rank keeps the others waiting.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::train {

// Fed with what every rank took for the same step, a step now and then. Not
// thread-safe.
class RankWatch {
 public:
  // `compute_s[r]` are rank r's seconds from its images to its gradients,
  // without waiting for others; `hosts[r]` is where it runs. Returns a warning
  // that names a rank which was much slower than the median in several calls on
  // end, once for each rank; else "".
  [[nodiscard]] std::string add(
      const std::vector<double>& compute_s,
      const std::vector<std::string>& hosts);

 private:
  int64_t slow_rank_ = -1;
  int64_t num_in_a_row_ = 0;
  std::vector<bool> is_named_;
};

}  // namespace nadir::train
