// Grids of learning rates.
#pragma once

#include <string>
#include <vector>

namespace nadir::eval {

// Logs a warning where the chosen rate is the first or last of three or more:
// beyond the grid may be a better one. `name` are the features.
void warn_at_grid_edge(
    const std::vector<double>& rates, double chosen, const std::string& name);

}  // namespace nadir::eval
