#include "search/unit.h"

#include <cmath>

#include "core/error.h"

namespace nadir::search {

std::vector<float> unit_vector(std::span<const double> values) {
  double squares = 0;
  for (const double value : values) {
    squares += value * value;
  }
  constexpr double kNothing = 1e-12;  // of sums of vectors of length 1
  NADIR_CHECK(
      std::isfinite(squares) && squares > kNothing,
      "the query has length {}: there is nothing to look for (several images "
      "may cancel each other; name fewer)",
      std::sqrt(squares));
  const double length = std::sqrt(squares);
  std::vector<float> unit;
  unit.reserve(values.size());
  for (const double value : values) {
    unit.push_back(static_cast<float>(value / length));
  }
  return unit;
}

}  // namespace nadir::search
