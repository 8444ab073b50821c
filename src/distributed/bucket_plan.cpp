#include "distributed/bucket_plan.h"

namespace nadir::distributed {

std::vector<std::vector<size_t>> plan_buckets(
    const std::vector<int64_t>& parameter_bytes, int64_t bucket_bytes) {
  std::vector<std::vector<size_t>> buckets;
  int64_t num_bytes = bucket_bytes;  // of the last bucket: full
  for (size_t i = parameter_bytes.size(); i-- > 0;) {
    if (num_bytes >= bucket_bytes) {
      buckets.emplace_back();
      num_bytes = 0;
    }
    buckets.back().push_back(i);
    num_bytes += parameter_bytes[i];
  }
  return buckets;
}

}  // namespace nadir::distributed
