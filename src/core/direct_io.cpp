#include "core/direct_io.h"

#include <cerrno>

#include <fcntl.h>

namespace nadir {

int open_direct(const std::filesystem::path& path, int flags, unsigned mode) {
  const int file = ::open(path.c_str(), flags | O_DIRECT, mode);
  return file < 0 && errno == EINVAL ? ::open(path.c_str(), flags, mode) : file;
}

bool leave_direct(int file) {
  const int flags = ::fcntl(file, F_GETFL);
  return (flags & O_DIRECT) != 0 &&
         ::fcntl(file, F_SETFL, flags & ~O_DIRECT) == 0;
}

}  // namespace nadir
