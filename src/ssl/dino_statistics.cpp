#include "ssl/dino_statistics.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::ssl {

double DinoStatistics::batch_entropy() const {
  return -at::xlogy(mean_target_K, mean_target_K).sum().item<double>();
}

PrototypeUsage::PrototypeUsage(int64_t num_prototypes, int64_t window)
    : num_prototypes_(num_prototypes), window_(window) {
  NADIR_ASSERT(num_prototypes > 0 && window > 0);
}

void PrototypeUsage::add(const std::vector<int64_t>& prototypes) {
  for (const int64_t prototype : prototypes) {
    recent_.push_back(prototype);
    ++counts_[prototype];
    if (static_cast<int64_t>(recent_.size()) > window_) {
      const auto oldest = counts_.find(recent_.front());
      if (--oldest->second == 0) {
        counts_.erase(oldest);
      }
      recent_.pop_front();
    }
  }
}

double PrototypeUsage::share() const {
  if (recent_.empty()) {
    return 0;
  }
  const int64_t possible =
      std::min(num_prototypes_, static_cast<int64_t>(recent_.size()));
  return static_cast<double>(num_used()) / static_cast<double>(possible);
}

int64_t PrototypeUsage::num_used() const {
  return static_cast<int64_t>(counts_.size());
}

}  // namespace nadir::ssl
