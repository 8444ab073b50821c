#include "eval/grid_edge.h"

#include <algorithm>

#include "core/log.h"

namespace nadir::eval {

void warn_at_grid_edge(
    const std::vector<double>& rates, double chosen, const std::string& name) {
  if (rates.size() < 3) {
    return;
  }
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  if (chosen == *low || chosen == *high) {
    log_warning(
        "eval",
        "{}: the best learning rate {} is at the edge of --lr; a wider grid "
        "may do better",
        name,
        chosen);
  }
}

}  // namespace nadir::eval
