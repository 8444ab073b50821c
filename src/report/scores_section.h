// The score tables of a report's page: features beside each other, per class
// where labels are many.
#pragma once

#include <string>
#include <vector>

#include "report/run.h"

namespace nadir::report {

// All evaluation tables of the runs; "" if there are none.
[[nodiscard]] std::string scores_section(const std::vector<Run>& runs);

}  // namespace nadir::report
