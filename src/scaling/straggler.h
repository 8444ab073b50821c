// The slowest of many: who sums gradients waits for it.
#pragma once

#include <cstdint>

namespace nadir::scaling {

// The expected largest of `count` independent standard normal numbers, to
// 1e-6: 0 for one, 1/sqrt(pi) for two, 1.42 for eight. The integral of
// x n f(x) F(x)^(n-1) (David and Nagaraja 2003, "Order Statistics", section
// 3.1).
[[nodiscard]] double expected_largest_normal(int64_t count);

}  // namespace nadir::scaling
