#include "scaling/median.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace nadir::scaling {

double median(std::vector<double> values) {
  NADIR_ASSERT(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half]
                                : (values[half - 1] + values[half]) / 2;
}

double relative_spread(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> distances;
  for (const double value : values) {
    distances.push_back(std::abs(value - middle));
  }
  return 1.4826 * median(distances) / middle;
}

}  // namespace nadir::scaling
