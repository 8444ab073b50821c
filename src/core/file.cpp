#include "core/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir {
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    fail(
        ErrorCode::kInvalidArgument,
        "{} is a folder, not a file",
        path.string());
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int reason = errno;
    fail(
        reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        "cannot open {}: {}",
        path.string(),
        std::strerror(reason));
  }

  // The size is a guess: a pipe has none, and a file may grow meanwhile.
  struct stat status {};

  const bool has_size = ::fstat(fd, &status) == 0 && status.st_size > 0;
  constexpr size_t kLeastRead = 4096;
  std::string bytes(
      (has_size ? static_cast<size_t>(status.st_size) : 0) + kLeastRead, '\0');
  size_t size = 0;
  ssize_t num_read = 0;
  while ((num_read = ::read(fd, bytes.data() + size, bytes.size() - size)) >
             0 ||
         (num_read < 0 && errno == EINTR)) {
    size += static_cast<size_t>(std::max(num_read, ssize_t{0}));
    if (size == bytes.size()) {
      bytes.resize(2 * bytes.size());
    }
  }
  const int reason = errno;
  ::close(fd);
  if (num_read < 0) {
    fail(
        ErrorCode::kIo,
        "cannot read {}: {}",
        path.string(),
        std::strerror(reason));
  }
  bytes.resize(size);
  return bytes;
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    fail(
        ErrorCode::kIo,
        "cannot make the folder {}: {}",
        path.string(),
        error.message());
  }
}

void check_writable_file(const fs::path& path) {
  std::error_code error;
  NADIR_CHECK(
      !fs::is_directory(path, error),
      "{} is a folder, expected the name of a file to write",
      path.string());
  // The folder that is there already, and in which the others would be made.
  fs::path folder = fs::absolute(path).parent_path();
  while (!fs::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  const bool is_folder = fs::is_directory(folder, error);
  if (!is_folder || ::access(folder.c_str(), W_OK | X_OK) != 0) {
    fail(
        ErrorCode::kIo,
        "cannot write {}: {}: {}",
        path.string(),
        folder.string(),
        std::strerror(is_folder ? errno : ENOTDIR));
  }
}

void sync_to_disk(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool ok = fd >= 0 && ::fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) {
    ::close(fd);
  }
  if (!ok) {
    fail(
        ErrorCode::kIo,
        "cannot synchronise {}: {}",
        path.string(),
        std::strerror(reason));
  }
}

void write_file_with(
    const fs::path& path, const std::function<void(const fs::path&)>& write) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : ".";
  make_folder(parent);
  const fs::path temporary =
      parent / fmt::format(".{}.{}.tmp", path.filename().string(), ::getpid());
  std::error_code ignored;
  try {
    write(temporary);
    sync_to_disk(temporary);
    std::error_code error;
    fs::rename(temporary, path, error);
    if (error) {
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path.string(),
          error.message());
    }
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
  sync_to_disk(parent);
}

void write_file(const fs::path& path, std::string_view bytes) {
  write_file_with(path, [&](const fs::path& temporary) {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.flush();
    if (!file) {
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path.string(),
          std::strerror(errno));
    }
  });
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "nadir-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    fail(
        ErrorCode::kIo,
        "cannot make a temporary folder {}: {}",
        pattern,
        std::strerror(errno));
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace nadir
