#include "runs/run_lock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/error.h"
#include "core/host_name.h"

namespace nadir::runs {
namespace {

// What the holder wrote about itself, for the message only.
std::string holder_of(int fd) {
  std::array<char, 256> text{};
  const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
  std::string holder(
      text.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
  while (!holder.empty() && holder.back() == '\n') {
    holder.pop_back();
  }
  return holder.empty() ? "another process" : holder;
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& path) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    fail(
        ErrorCode::kIo,
        "cannot make the lock {}: {}",
        path.string(),
        std::strerror(errno));
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    const std::string holder = holder_of(fd_);
    release();
    NADIR_CHECK(
        reason != EWOULDBLOCK,
        "another process ({}) works in {}; wait for it, stop it, or choose "
        "another --out",
        holder,
        path.parent_path().string());
    fail(
        ErrorCode::kIo,
        "cannot lock {}: {}",
        path.string(),
        std::strerror(reason));
  }
  const std::string text =
      fmt::format("process {} on {}\n", ::getpid(), host_name());
  const bool is_written =
      ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, text.data(), text.size(), 0) ==
                                      static_cast<ssize_t>(text.size());
  if (!is_written) {
    const int reason = errno;
    release();
    fail(
        ErrorCode::kIo,
        "cannot write {}: {}",
        path.string(),
        std::strerror(reason));
  }
}

RunLock::~RunLock() {
  release();
}

RunLock::RunLock(RunLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  if (this != &other) {
    release();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void RunLock::release() noexcept {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

}  // namespace nadir::runs
