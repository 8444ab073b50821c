#include "runs/metrics_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"

namespace nadir::runs {
namespace {

constexpr size_t kBlockBytes = 1 << 20;

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

MetricsReader::MetricsReader(std::filesystem::path path)
    : path_(std::move(path)) {}

void MetricsReader::consume_line(
    const std::string& line, const Consumer& consume) {
  if (line.empty()) {
    return;
  }
  const auto record = parse_json_or_discard(line);
  if (!record.is_object()) {
    ++num_damaged_;
    return;
  }
  consume(record);
}

bool MetricsReader::read_new(const Consumer& consume) {
  const OpenFile file(path_);
  if (file.fd() < 0) {
    return offset_ == 0;
  }

  struct stat info {};

  ::fstat(file.fd(), &info);
  const bool is_same =
      offset_ == 0 ||
      (info.st_ino == inode_ && static_cast<uint64_t>(info.st_size) >= offset_);
  if (!is_same) {
    offset_ = 0;
    num_damaged_ = 0;
    unfinished_.clear();
  }
  inode_ = info.st_ino;
  std::vector<char> block(kBlockBytes);
  for (;;) {
    const ssize_t count = ::pread(
        file.fd(), block.data(), block.size(), static_cast<off_t>(offset_));
    if (count < 0) {
      fail(
          ErrorCode::kIo,
          "cannot read {}: {}",
          path_.string(),
          std::strerror(errno));
    }
    if (count == 0) {
      return is_same;
    }
    offset_ += static_cast<uint64_t>(count);
    auto from = block.begin();
    const auto end = from + count;
    for (auto to = std::find(from, end, '\n'); to != end;
         to = std::find(from, end, '\n')) {
      unfinished_.append(from, to);
      consume_line(std::exchange(unfinished_, {}), consume);
      from = to + 1;
    }
    unfinished_.append(from, end);
  }
}

int64_t read_metrics(
    const std::filesystem::path& path, const MetricsReader::Consumer& consume) {
  if (!std::filesystem::exists(path)) {
    fail(ErrorCode::kNotFound, "there is no metrics file {}", path.string());
  }
  MetricsReader reader(path);
  reader.read_new(consume);
  int64_t num_damaged = reader.num_damaged();
  if (!reader.unfinished().empty()) {
    const auto last = parse_json_or_discard(reader.unfinished());
    if (last.is_object()) {
      consume(last);
    } else {
      ++num_damaged;
    }
  }
  return num_damaged;
}

}  // namespace nadir::runs
