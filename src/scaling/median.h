// The middle of measured values, and how far they lie from it.
#pragma once

#include <vector>

namespace nadir::scaling {

// Of at least one value; the mean of the two in the middle where they are even
// in number.
[[nodiscard]] double median(std::vector<double> values);

// A robust standard deviation over the median: 1.4826 times the median
// distance from it, which one disturbed step does not move. 0 for one value.
[[nodiscard]] double relative_spread(const std::vector<double>& values);

}  // namespace nadir::scaling
