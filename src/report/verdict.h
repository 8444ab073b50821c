// What the numbers of a run say about its health: collapse to uniform or to
// one prototype, a loss that does not move, a loss that is no number.
#pragma once

#include <string>

#include "report/run.h"

namespace nadir::report {

enum class Health { kHealthy, kWatch, kFailing, kUnknown };

struct Verdict {
  Health health = Health::kUnknown;
  std::string headline;  // "Healthy", "Collapsed to uniform"
  std::string text;      // one or two sentences with the figures
};

[[nodiscard]] Verdict judge(const Run& run);

// "healthy", "watch", "failing", "unknown".
[[nodiscard]] std::string to_text(Health health);

}  // namespace nadir::report
