// Bytes that are read by their place: a local file, or an object in S3.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace nadir::store {

// Not thread-safe unless the implementation says so.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // As the user wrote it.
  [[nodiscard]] virtual const std::string& name() const = 0;

  [[nodiscard]] virtual int64_t num_bytes() const = 0;

  // `size` bytes from `begin` on to `out`; at the end those there are. Returns
  // their number, which is less than `size` only there. Throws Error{kIo}, and
  // what S3 throws.
  virtual int64_t read(int64_t begin, int64_t size, char* out) = 0;
};

// A file of this host; thread-safe. Throws Error{kNotFound} or Error{kIo}.
[[nodiscard]] std::unique_ptr<ByteSource> open_file(
    const std::filesystem::path& path);

}  // namespace nadir::store
