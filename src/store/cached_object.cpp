#include "store/cached_object.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPage = 4096;
constexpr int64_t kHeaderBytes = 64;  // of the map: a SHA-256 in hexadecimal

int64_t page_of(int64_t position) {
  return position / kPage;
}

int64_t pages_end(int64_t position) {
  return ceil_div(position, kPage);
}

// The version of the object and this start of the host: what was written and
// not synchronised before a power cut is not trusted.
std::string version_text(const ObjectInfo& object) {
  std::error_code code;
  const fs::path boot = "/proc/sys/kernel/random/boot_id";
  return sha256_hex(fmt::format(
      "{} {} {} {}",
      object.key,
      object.etag,
      object.num_bytes,
      fs::exists(boot, code) ? read_file(boot) : ""));
}

[[noreturn]] void fail_on_cache(const fs::path& path, const char* what) {
  fail(
      ErrorCode::kIo,
      "the cache {}: {}: {}; --cache names another folder",
      path.string(),
      what,
      std::strerror(errno));
}

int open_or_fail(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) {
    fail_on_cache(path, "cannot be opened");
  }
  return file;
}

}  // namespace

CachedObject::CachedObject(
    std::shared_ptr<const S3> s3,
    Location location,
    ObjectInfo object,
    const fs::path& file,
    std::shared_ptr<CacheRoom> room)
    : s3_(std::move(s3)),
      location_(std::move(location)),
      name_(location_.text()),
      object_(std::move(object)),
      room_(std::move(room)) {
  make_folder(file.parent_path());
  file_ = open_or_fail(file);
  const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  (void)::futimens(file_, times);  // used now
  fs::path map = file;
  map += ".pages";
  try {
    if (::ftruncate(file_, object_.num_bytes) != 0) {
      fail_on_cache(file, "cannot be made");
    }
    open_map(map);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

CachedObject::~CachedObject() {
  room_->give_back(num_taken_);
  ::munmap(reinterpret_cast<char*>(pages_) - kHeaderBytes, map_bytes_);
  ::close(file_);
}

void CachedObject::open_map(const fs::path& path) {
  const int map = open_or_fail(path);
  map_bytes_ = static_cast<size_t>(
      kHeaderBytes + (pages_end(object_.num_bytes) + 7) / 8);
  const std::string version = version_text(object_);
  std::string found(static_cast<size_t>(kHeaderBytes), '\0');
  // Other processes of this host may be opening it too.
  const bool is_locked = ::flock(map, LOCK_EX) == 0;
  const bool is_same =
      ::pread(map, found.data(), found.size(), 0) == kHeaderBytes &&
      found == version;
  const bool is_ready =
      is_locked &&
      (is_same ||
       (::ftruncate(map, 0) == 0 &&
        ::ftruncate(map, static_cast<off_t>(map_bytes_)) == 0 &&
        ::pwrite(map, version.data(), version.size(), 0) == kHeaderBytes));
  void* mapped =
      is_ready
          ? ::mmap(
                nullptr, map_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0)
          : MAP_FAILED;
  const int error = errno;
  ::flock(map, LOCK_UN);  // by itself: what is mapped outlives the descriptor
  ::close(map);
  if (mapped == MAP_FAILED) {
    errno = error;
    fail_on_cache(path, "cannot be made");
  }
  pages_ = reinterpret_cast<std::atomic<uint8_t>*>(
      static_cast<char*>(mapped) + kHeaderBytes);
  int64_t num_here = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(map_bytes_) - kHeaderBytes;
       ++i) {
    num_here += __builtin_popcount(pages_[i].load());
  }
  take_room(num_here * kPage);
}

bool CachedObject::take_room(int64_t num_bytes) {
  const bool is_taken = room_->take(num_bytes);
  num_taken_ += is_taken ? num_bytes : 0;
  return is_taken;
}

std::pair<int64_t, int64_t> CachedObject::missing(
    int64_t begin, int64_t size) const {
  int64_t first = -1;
  int64_t last = -1;
  for (int64_t page = page_of(begin); page < pages_end(begin + size); ++page) {
    const auto bits = pages_[page / 8].load(std::memory_order_acquire);
    if ((bits >> (page % 8) & 1) == 0) {
      first = first < 0 ? page : first;
      last = page;
    }
  }
  if (first < 0) {
    return {0, 0};
  }
  const int64_t end = std::min((last + 1) * kPage, object_.num_bytes);
  return {first * kPage, end - first * kPage};
}

bool CachedObject::has(int64_t begin, int64_t size) const {
  return missing(begin, size).second == 0;
}

std::string CachedObject::fetch(int64_t begin, int64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  s3_->get_range(location_, begin, size, bytes.data(), object_.etag);
  num_fetched_ += size;
  keep(begin, bytes);
  return bytes;
}

void CachedObject::keep(int64_t begin, const std::string& bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (!take_room(pages_end(size) * kPage)) {
    return;
  }
  for (int64_t done = 0; done < size;) {
    const auto written = ::pwrite(
        file_,
        bytes.data() + done,
        static_cast<size_t>(size - done),
        begin + done);
    if (written <= 0) {
      return;  // a full disk: the bytes are in memory, and fetched again later
    }
    done += written;
  }
  for (int64_t page = page_of(begin); page < pages_end(begin + size); ++page) {
    pages_[page / 8].fetch_or(
        static_cast<uint8_t>(1U << (page % 8)), std::memory_order_release);
  }
}

int64_t CachedObject::read(int64_t begin, int64_t size, char* out) {
  size = std::clamp<int64_t>(object_.num_bytes - begin, 0, size);
  const auto [fetched_begin, num_missing] = missing(begin, size);
  const std::string fetched =
      num_missing > 0 ? fetch(fetched_begin, num_missing) : "";
  const int64_t fetched_end = fetched_begin + num_missing;
  // The file has what was here before; what was fetched lies over it.
  int64_t num_read = 0;
  while (num_read < size) {
    const int64_t position = begin + num_read;
    if (position >= fetched_begin && position < fetched_end) {
      const int64_t part = std::min(size - num_read, fetched_end - position);
      std::copy_n(
          fetched.data() + (position - fetched_begin), part, out + num_read);
      num_read += part;
      continue;
    }
    const int64_t end = position < fetched_begin
                            ? std::min(begin + size, fetched_begin)
                            : begin + size;
    const auto got = ::pread(
        file_, out + num_read, static_cast<size_t>(end - position), position);
    if (got <= 0) {
      fail(
          ErrorCode::kIo,
          "the local copy of {} cannot be read: {}",
          name_,
          got < 0 ? std::strerror(errno) : "it was cut short");
    }
    num_read += got;
  }
  return size;
}

}  // namespace nadir::store
