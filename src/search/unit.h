// Directions: vectors brought to length 1.
#pragma once

#include <span>
#include <vector>

namespace nadir::search {

// `values` brought to length 1. Throws Error{kInvalidArgument} where they are
// not finite, or nothing but 0 to float32's accuracy.
[[nodiscard]] std::vector<float> unit_vector(std::span<const double> values);

}  // namespace nadir::search
