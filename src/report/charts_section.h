// The curves of a report's page.
#pragma once

#include <string>
#include <vector>

#include "report/chart.h"
#include "report/run.h"

namespace nadir::report {

// All charts of the runs, large ones first; those without values are without
// points. One run: a colour for each quantity; several: a colour for each run.
[[nodiscard]] std::vector<Chart> report_charts(const std::vector<Run>& runs);

// Those that the runs have values for.
[[nodiscard]] std::string charts_section(const std::vector<Run>& runs);

}  // namespace nadir::report
