#include "bench/disk_rate.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/timing.h"
#include "core/ceil_div.h"
#include "core/direct_io.h"
#include "core/error.h"
#include "core/random.h"
#include "core/signals.h"

namespace nadir::bench {
namespace {

constexpr int64_t kBlockBytes = int64_t{4} << 20;

// A file that is removed with its handle.
class ScratchFile {
 public:
  explicit ScratchFile(std::filesystem::path path)
      : path_(std::move(path)),
        fd_(open_direct(path_, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    check(fd_ >= 0, "create");
  }

  ~ScratchFile() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void write(std::span<const char> block) {
    while (!block.empty()) {
      const auto n = ::write(fd_, block.data(), block.size());
      check(
          n >= 0 || errno == EINTR || (errno == EINVAL && leave_direct(fd_)),
          "write");
      block = block.subspan(static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
  }

  void synchronise() { check(::fsync(fd_) == 0, "synchronise"); }

  // Asks; a file system in memory keeps what it has. Reading goes through the
  // cache again, as everybody's does.
  void drop_from_cache() {
    leave_direct(fd_);
    (void)::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED);
  }

  // Share of the pages that lie in memory.
  [[nodiscard]] double cached_share(int64_t num_bytes) const {
    const auto size = static_cast<size_t>(num_bytes);
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_, 0);
    check(map != MAP_FAILED, "map");
    std::vector<unsigned char> pages(ceil_div(size, page));
    const int status = ::mincore(map, size, pages.data());
    ::munmap(map, size);
    check(status == 0, "look at the pages of");
    const auto cached = std::count_if(
        pages.begin(), pages.end(), [](unsigned char p) { return p & 1; });
    return static_cast<double>(cached) / static_cast<double>(pages.size());
  }

  void read_all(std::span<char> block) {
    check(::lseek(fd_, 0, SEEK_SET) == 0, "read");
    for (;;) {
      const auto n = ::read(fd_, block.data(), block.size());
      if (n == 0) {
        return;
      }
      check(n > 0 || errno == EINTR, "read");
    }
  }

 private:
  void check(bool ok, const char* verb) const {
    if (!ok) {
      fail(
          ErrorCode::kIo,
          "cannot {} {}: {}; --folder names another disk",
          verb,
          path_.string(),
          std::strerror(errno));
    }
  }

  std::filesystem::path path_;
  int fd_;
};

// Bytes that a file system does not compress.
DirectBytes random_block() {
  auto block = allocate_direct(kBlockBytes);
  RandomStream random(0, StreamPurpose::kTest);
  for (int64_t i = 0; i < kBlockBytes; i += 4) {
    const uint32_t value = random.next_u32();
    std::memcpy(block.get() + i, &value, 4);
  }
  return block;
}

}  // namespace

DiskRate measure_disk(const std::filesystem::path& folder, int64_t num_bytes) {
  const auto owner = random_block();
  const std::span<char> block(owner.get(), kBlockBytes);
  const int64_t num_blocks = std::max<int64_t>(1, num_bytes / kBlockBytes);
  const int64_t written = num_blocks * kBlockBytes;
  ScratchFile file(folder / "disk_rate");
  DiskRate rate;
  const Stopwatch write_watch;
  for (int64_t i = 0; i < num_blocks; ++i) {
    stop_if_told(kRatesSoFar);
    file.write(block);
  }
  file.synchronise();
  rate.write_gbyte_per_s =
      1e-9 * static_cast<double>(written) / write_watch.seconds();
  file.drop_from_cache();
  rate.cached_share = file.cached_share(written);
  const Stopwatch read_watch;
  file.read_all(block);
  rate.read_gbyte_per_s =
      1e-9 * static_cast<double>(written) / read_watch.seconds();
  return rate;
}

}  // namespace nadir::bench
