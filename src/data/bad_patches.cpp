#include "data/bad_patches.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::data {
namespace {

constexpr size_t kMaxShown = 20;

}  // namespace

void BadPatches::add(const std::string& name, const std::string& problem) {
  list_.push_back({name, problem});
}

void BadPatches::check() const {
  const auto num_bad = static_cast<int64_t>(list_.size());
  if (num_bad <= max_bad_) {
    return;
  }
  std::string lines;
  for (size_t i = 0; i < std::min(list_.size(), kMaxShown); ++i) {
    lines += fmt::format("\n  {}: {}", list_[i].name, list_[i].problem);
  }
  if (list_.size() > kMaxShown) {
    lines += fmt::format("\n  and {} more", list_.size() - kMaxShown);
  }
  fail(
      ErrorCode::kCorruptData,
      "{} patch(es) cannot be used, --max-bad tolerates {}:{}",
      num_bad,
      max_bad_,
      lines);
}

}  // namespace nadir::data
