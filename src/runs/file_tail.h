// Reading a file of lines while it grows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace nadir::runs {

// Not thread-safe.
class FileTail {
 public:
  // Whole lines with their newlines; valid during the call.
  using Consumer = std::function<void(std::string_view lines)>;

  // The file may not exist yet.
  explicit FileTail(std::filesystem::path path);

  // Hands the lines that are new since the last call to `consume`, in blocks of
  // some megabytes. Where the file was replaced or cut since then (a resumed
  // run), calls `restart` first and begins with its first line. Throws
  // Error{kIo}.
  void read_new(const Consumer& consume, const std::function<void()>& restart);

  // Bytes read past the last newline: a line being written, or cut.
  [[nodiscard]] const std::string& unfinished() const { return unfinished_; }

 private:
  std::filesystem::path path_;
  std::string unfinished_;
  uint64_t offset_ = 0;  // bytes read
  uint64_t inode_ = 0;
};

}  // namespace nadir::runs
