// Whole files, atomic replacement, and temporary folders. What a user made is
// never lost: a file is either the old one or the complete new one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace nadir {

// The file's bytes. Throws Error{kNotFound} or Error{kIo}, naming the path.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

// Replaces `path` by `bytes`: written beside it, synchronised, renamed. Makes
// missing parent folders. Throws Error{kIo}; then `path` is as it was.
void write_file(const std::filesystem::path& path, std::string_view bytes);

// The same for writers that need a path of their own: `write` gets a temporary
// path beside `path` and must create that file. Throws what `write` throws.
void write_file_with(
    const std::filesystem::path& path,
    const std::function<void(const std::filesystem::path& temporary)>& write);

// Makes the folder and its parents. Throws Error{kIo}.
void make_folder(const std::filesystem::path& path);

// Says before the work what would stop `path` from being written after it, and
// makes nothing. Throws Error{kIo}, or Error{kInvalidArgument} where `path` is
// a folder.
void check_writable_file(const std::filesystem::path& path);

// Synchronises a file or folder to the disk. Throws Error{kIo}.
void sync_to_disk(const std::filesystem::path& path);

// A folder under the system's temporary folder, removed with all in it by the
// destructor.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace nadir
