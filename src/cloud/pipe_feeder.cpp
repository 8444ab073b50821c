#include "cloud/pipe_feeder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/tree_archive.h"
#include "core/error.h"
#include "core/log.h"

namespace nadir::cloud {
namespace {

namespace fs = std::filesystem;

constexpr int kWaitMs = 50;
constexpr mode_t kPipeMode = 0600;

// A reader that leaves early is then an error of the write.
void ignore_broken_pipes() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

PipeFeeder::PipeFeeder(const fs::path& source, fs::path pipe)
    : files_(
          fs::is_directory(source) ? sorted_files(source)
                                   : std::vector{source}),
      pipe_(std::move(pipe)) {
  if (::mkfifo(pipe_.c_str(), kPipeMode) != 0) {
    fail(
        ErrorCode::kIo,
        "{}: cannot make a pipe: {}",
        pipe_.string(),
        std::strerror(errno));
  }
  thread_ = std::thread([this] {
    ignore_broken_pipes();
    feed();
  });
}

PipeFeeder::~PipeFeeder() {
  is_ending_ = true;
  thread_.join();
}

// -1 where none came. An open that waits could not be ended.
int PipeFeeder::wait_for_reader() const {
  while (!is_ending_) {
    const int pipe = ::open(pipe_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (pipe >= 0 || errno != ENXIO) {
      return pipe;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kWaitMs));
  }
  return -1;
}

void PipeFeeder::feed() const {
  const int pipe = wait_for_reader();
  if (pipe < 0) {
    return;
  }
  for (const auto& file : files_) {
    if (!write_file_to(pipe, file)) {
      break;
    }
  }
  ::close(pipe);
}

bool PipeFeeder::write_file_to(int pipe, const fs::path& file) const {
  std::ifstream in(file, std::ios::binary);
  std::array<char, 1 << 16> block;
  while (in.read(block.data(), block.size()), in.gcount() > 0) {
    const char* next = block.data();
    const char* const end = next + in.gcount();
    while (next != end) {
      pollfd waiting{pipe, POLLOUT, 0};
      const int ready = ::poll(&waiting, 1, kWaitMs);
      if (is_ending_) {
        return false;
      }
      const auto count =
          ready > 0 ? ::write(pipe, next, static_cast<size_t>(end - next)) : 0;
      if (count < 0 && errno != EAGAIN && errno != EINTR) {
        return false;  // EPIPE: the container has read enough
      }
      next += std::max<ssize_t>(count, 0);
    }
  }
  if (in.bad() || !in.eof()) {
    log_warning("job", "cannot read {}; its channel ends early", file.string());
    return false;
  }
  return true;
}

}  // namespace nadir::cloud
