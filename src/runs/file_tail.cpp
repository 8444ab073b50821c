#include "runs/file_tail.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir::runs {
namespace {

constexpr uint64_t kFirstBlockBytes = 64 << 10;
constexpr uint64_t kBlockBytes = 8 << 20;

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0 && errno != ENOENT) {
      fail(
          ErrorCode::kIo,
          "cannot open {}: {}",
          path.string(),
          std::strerror(errno));
    }
  }

  ~OpenFile() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

FileTail::FileTail(std::filesystem::path path) : path_(std::move(path)) {}

void FileTail::read_new(
    const Consumer& consume, const std::function<void()>& restart) {
  const OpenFile file(path_);
  if (file.fd() < 0) {
    if (offset_ > 0) {
      offset_ = 0;
      unfinished_.clear();
      restart();
    }
    return;
  }

  struct stat info {};

  ::fstat(file.fd(), &info);
  const auto size = static_cast<uint64_t>(info.st_size);
  if (offset_ > 0 && (info.st_ino != inode_ || size < offset_)) {
    offset_ = 0;
    unfinished_.clear();
    restart();
  }
  inode_ = info.st_ino;
  std::vector<char> block;
  while (true) {
    const size_t kept = unfinished_.size();
    const uint64_t left = size > offset_ ? size - offset_ : 0;
    block.resize(std::max(
        block.size(), kept + std::clamp(left, kFirstBlockBytes, kBlockBytes)));
    std::copy(unfinished_.begin(), unfinished_.end(), block.begin());
    const ssize_t count = ::pread(
        file.fd(),
        block.data() + kept,
        block.size() - kept,
        static_cast<off_t>(offset_));
    if (count < 0) {
      fail(
          ErrorCode::kIo,
          "cannot read {}: {}",
          path_.string(),
          std::strerror(errno));
    }
    if (count == 0) {
      return;
    }
    offset_ += static_cast<uint64_t>(count);
    const std::string_view text(
        block.data(), kept + static_cast<size_t>(count));
    const size_t end = text.rfind('\n') + 1;  // 0 where there is none
    unfinished_ = text.substr(end);
    if (end > 0) {
      consume(text.substr(0, end));
    }
  }
}

}  // namespace nadir::runs
