#include "core/error.h"

#include <cstdio>
#include <cstdlib>

namespace nadir {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(
      stderr, "nadir: internal error: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace nadir
