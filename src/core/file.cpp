#include "core/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir {
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    fail(ErrorCode::kInvalidArgument, "{} is a folder, not a file", path.string());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    fail(
        reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        "cannot open {}: {}",
        path.string(),
        std::strerror(reason));
  }
  std::string bytes(
      (std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) {
    fail(ErrorCode::kIo, "cannot read {}", path.string());
  }
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
