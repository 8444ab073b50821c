// Files past the page cache, for bytes that are written once and in order:
// nothing else is pushed out of memory, and no copy is made.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

namespace nadir {

struct FreeDirect {
  void operator()(char* bytes) const;
};

using DirectBytes = std::unique_ptr<char[], FreeDirect>;

// Memory that may be written from and read into: whole blocks of 4 KiB, not
// initialised. Throws std::bad_alloc.
[[nodiscard]] DirectBytes allocate_direct(size_t num_bytes);

// As open(2), with O_DIRECT where the file system knows it. Buffers, sizes and
// places in the file must then be multiples of 4 KiB. Returns -1 and sets
// errno where it cannot be opened.
[[nodiscard]] int open_direct(
    const std::filesystem::path& path, int flags, unsigned mode);

// Goes on through the page cache; false if the file does already. For bytes at
// other places, and for file systems that open for O_DIRECT and then refuse
// (EINVAL).
bool leave_direct(int file);

}  // namespace nadir
