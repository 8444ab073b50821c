// One self-contained HTML page about runs: no network, no files beside it, no
// script needed to read it.
#pragma once

#include <string>
#include <vector>

#include "report/run.h"

namespace nadir::report {

// The page: verdicts, comparison, curves, score tables, pictures, provenance.
// Every text from a run is escaped. `runs` must not be empty.
[[nodiscard]] std::string html_report(const std::vector<Run>& runs);

}  // namespace nadir::report
