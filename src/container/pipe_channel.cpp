#include "container/pipe_channel.h"

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "container/model_archive.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/signals.h"
#include "store/byte_source.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kLookMs = 100;  // between two looks at the stop flag
constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr std::string_view kParquetMark = "PAR1";

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const std::string& channel)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (number_ < 0) {
      fail(
          ErrorCode::kIo,
          "channel {}: {} could not be opened: {}",
          channel,
          path.string(),
          std::strerror(errno));
    }
  }

  ~Descriptor() { ::close(number_); }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

void wait_for_pipe(const PipeInput& input) {
  const auto end = Clock::now() + input.patience;
  while (!fs::exists(input.pipe) && caught_signal() == 0) {
    if (Clock::now() > end) {
      fail(
          ErrorCode::kNotFound,
          "channel {} is in Pipe mode, and after {} there is no {}; the "
          "platform makes it, so the job's set-up is broken",
          input.channel,
          format_duration(
              std::chrono::duration<double>(input.patience).count()),
          input.pipe.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
  }
}

// A read that fails with EAGAIN is one to try again.
int64_t read_some(int pipe, std::vector<char>& block, const PipeInput& input) {
  const auto count = ::read(pipe, block.data(), block.size());
  if (count < 0 && errno != EAGAIN && errno != EINTR) {
    fail(
        ErrorCode::kIo,
        "channel {}: {}: {}",
        input.channel,
        input.pipe.string(),
        std::strerror(errno));
  }
  return count;
}

void write_all(
    int file,
    const std::vector<char>& block,
    int64_t count,
    int64_t num_before,
    const PipeInput& input) {
  int64_t done = 0;
  while (done < count) {
    const auto written =
        ::write(file, block.data() + done, static_cast<size_t>(count - done));
    if (written >= 0) {
      done += written;
      continue;
    }
    if (errno == ENOSPC || errno == EDQUOT) {
      fail(
          ErrorCode::kIo,
          "channel {}: the volume of {} is full after {} of its stream; it "
          "must hold the whole of it, and what is packed from it beside: give "
          "the job a larger --volume-size",
          input.channel,
          input.file.parent_path().string(),
          format_bytes(static_cast<double>(num_before + done)));
    }
    if (errno != EINTR) {
      fail(
          ErrorCode::kIo,
          "channel {}: {}: {}",
          input.channel,
          input.file.string(),
          std::strerror(errno));
    }
  }
}

void check_content(const PipeInput& input, int64_t num_bytes) {
  if (num_bytes == 0) {
    fail(
        ErrorCode::kCorruptData,
        "channel {}: its pipe {} was closed before a byte came through it; is "
        "there an object below its address?",
        input.channel,
        input.pipe.string());
  }
  if (input.content == PipeContent::kArchive && !is_model_archive(input.file)) {
    fail(
        ErrorCode::kCorruptData,
        "channel {} is in Pipe mode, and what came through ({}) does not begin "
        "as an archive (.tar, .tar.gz, .tar.zst); such a channel is one "
        "object, an archive of images, and others need the input mode FastFile "
        "or File",
        input.channel,
        format_bytes(static_cast<double>(num_bytes)));
  }
  std::string mark(kParquetMark.size(), '\0');
  (void)store::open_file(input.file)
      ->read(0, static_cast<int64_t>(mark.size()), mark.data());
  if (input.content == PipeContent::kParquet && mark != kParquetMark) {
    fail(
        ErrorCode::kCorruptData,
        "channel {} is in Pipe mode, and what came through ({}) is no Parquet "
        "file; such a channel is one object, the index, and others need the "
        "input mode FastFile or File",
        input.channel,
        format_bytes(static_cast<double>(num_bytes)));
  }
}

}  // namespace

PipeInput pipe_input(
    const Channel& channel, PipeContent content, const fs::path& folder) {
  PipeInput input;
  input.channel = channel.name;
  input.pipe = channel.folder.string() + "_0";
  input.file = folder / channel.name;
  input.content = content;
  return input;
}

int64_t store_pipe(const PipeInput& input) {
  wait_for_pipe(input);
  if (caught_signal() != 0) {
    return 0;
  }
  make_folder(input.file.parent_path());
  // Without O_NONBLOCK the open itself would wait for a writer, deaf to stops.
  const Descriptor pipe(input.pipe, O_RDONLY | O_NONBLOCK, input.channel);
  const Descriptor file(
      input.file, O_WRONLY | O_CREAT | O_TRUNC, input.channel);
  Progress progress("storing channel " + input.channel, -1, "bytes");
  std::vector<char> block(kBlockBytes);
  int64_t num_bytes = 0;
  while (caught_signal() == 0) {
    // Before the first writer comes there is nothing, not even an end.
    pollfd waiting{pipe.number(), POLLIN, 0};
    if (::poll(&waiting, 1, kLookMs) <= 0) {
      continue;
    }
    const int64_t count = read_some(pipe.number(), block, input);
    if (count == 0) {
      check_content(input, num_bytes);
      log_info(
          "container",
          "channel {}: {} are stored in {}",
          input.channel,
          format_bytes(static_cast<double>(num_bytes)),
          input.file.string());
      return num_bytes;
    }
    if (count > 0) {
      write_all(file.number(), block, count, num_bytes, input);
      num_bytes += count;
      progress.advance(count);
    }
  }
  return num_bytes;
}

}  // namespace nadir::container
