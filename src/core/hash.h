// Checksums of bytes and files, as lower-case hexadecimal text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace nadir {

// A digest fed piece by piece. Not thread-safe.
class Hasher {
 public:
  enum class Kind { kMd5, kSha256 };

  explicit Hasher(Kind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(std::string_view bytes);

  // The digest of all bytes so far; the object is spent afterwards.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// Throws Error{kNotFound} or Error{kIo}, naming the path.
[[nodiscard]] std::string file_hash_hex(
    Hasher::Kind kind, const std::filesystem::path& path);

// CRC-32C (Castagnoli, RFC 3720), as TensorBoard's event files use it.
[[nodiscard]] uint32_t crc32c(std::string_view bytes);

}  // namespace nadir
