#include "kernels/greater.h"

namespace nadir::kernels::reference {

template <class Number>
int64_t find_greater(
    const Number* values,
    const Number* bounds,
    int64_t count,
    int32_t* places) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (values[i] > bounds[i]) {
      places[found++] = static_cast<int32_t>(i);
    }
  }
  return found;
}

template int64_t find_greater(
    const float* values, const float* bounds, int64_t count, int32_t* places);
template int64_t find_greater(
    const int32_t* values,
    const int32_t* bounds,
    int64_t count,
    int32_t* places);

}  // namespace nadir::kernels::reference
