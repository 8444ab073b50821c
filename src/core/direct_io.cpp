#include "core/direct_io.h"

#include <cerrno>
#include <cstdlib>
#include <new>

#include <fcntl.h>

#include "core/ceil_div.h"

namespace nadir {

void FreeDirect::operator()(char* bytes) const {
  std::free(bytes);
}

DirectBytes allocate_direct(size_t num_bytes) {
  constexpr size_t kBlock = 4096;
  const size_t padded = round_up(num_bytes, kBlock);
  DirectBytes bytes(static_cast<char*>(std::aligned_alloc(kBlock, padded)));
  if (!bytes) {
    throw std::bad_alloc();
  }
  return bytes;
}

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
