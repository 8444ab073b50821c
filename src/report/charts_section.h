// The curves of a report's page.
#pragma once

#include <string>
#include <vector>

#include "report/run.h"

namespace nadir::report {

// All charts that the runs have values for. One run: a colour for each
// quantity; several: a colour for each run.
[[nodiscard]] std::string charts_section(const std::vector<Run>& runs);

}  // namespace nadir::report
