// Division of whole numbers that rounds up.
#pragma once

#include <type_traits>

namespace nadir {

// How many parts of `size` > 0 hold `count` >= 0; 0 down to -size, too.
template <class Count, class Size>
[[nodiscard]] constexpr auto ceil_div(Count count, Size size) {
  static_assert(std::is_integral_v<Count> && std::is_integral_v<Size>);
  return (count + size - 1) / size;
}

// The least multiple of `size` > 0 that is no less than `count` >= 0.
template <class Count, class Size>
[[nodiscard]] constexpr auto round_up(Count count, Size size) {
  return ceil_div(count, size) * size;
}

}  // namespace nadir
