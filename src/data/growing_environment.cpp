#include "data/growing_environment.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/direct_io.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "data/lmdb_format.h"
#include "data/lmdb_tree.h"
#include "data/shards.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

constexpr size_t kPartsAWrite = 512;  // the system's bound is 1,024
constexpr mode_t kFileMode = 0644;

// Leaves out of `parts` the first `num_bytes` bytes.
void skip(std::span<iovec>& parts, size_t num_bytes) {
  while (!parts.empty() && num_bytes >= parts.front().iov_len) {
    num_bytes -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (!parts.empty()) {
    auto& part = parts.front();
    part.iov_base = static_cast<char*>(part.iov_base) + num_bytes;
    part.iov_len -= num_bytes;
  }
}

}  // namespace

GrowingEnvironment::GrowingEnvironment(const fs::path& folder)
    : folder_(folder),
      pages_path_(folder / "data.mdb.part"),
      list_path_(folder / "data.mdb.jsonl"),
      next_page_(lmdb::kFirstPage) {
  make_folder(folder);
  if (fs::exists(list_path_)) {
    read_list();
  }
  pages_file_ =
      open_direct(pages_path_, O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (pages_file_ < 0) {
    fail_io(pages_path_);
  }
  list_file_ = ::open(
      list_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode);
  if (list_file_ < 0) {
    const int reason = errno;
    close();
    errno = reason;
    fail_io(list_path_);
  }
}

GrowingEnvironment::~GrowingEnvironment() {
  close();
}

void GrowingEnvironment::close() {
  for (int* file : {&pages_file_, &list_file_}) {
    if (*file >= 0) {
      ::close(std::exchange(*file, -1));
    }
  }
}

void GrowingEnvironment::fail_io(const fs::path& path) const {
  const int reason = errno;
  const bool is_full = reason == ENOSPC || reason == EFBIG || reason == EDQUOT;
  fail(
      ErrorCode::kIo,
      "shard {}: {}{}",
      path.string(),
      std::strerror(reason),
      is_full ? "; make room and run the same command again: it goes on" : "");
}

std::string GrowingEnvironment::line_of(
    const std::string& key, const Place& place) {
  return json_text(nlohmann::ordered_json{
             {"name", key},
             {"page", place.page},
             {"bytes", place.num_bytes},
             {"sha256", place.sha256}}) +
         "\n";
}

// Up to the first line that a crash has left unfinished. The list is cut there
// so that the next line begins as one.
void GrowingEnvironment::read_list() {
  std::istringstream lines(read_file(list_path_));
  std::string whole_lines;
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    const auto json = parse_json_or_discard(line);
    try {
      const std::string key = json.at("name");
      const Place place{json.at("page"), json.at("bytes"), json.at("sha256")};
      if (key.empty() || key.size() > lmdb::kMaxKeyBytes ||
          place.page < lmdb::kFirstPage || place.page >= lmdb::kMostPages ||
          place.num_bytes < 0 || place.num_bytes > UINT32_MAX) {
        break;
      }
      next_page_ = std::max(
          next_page_, place.page + lmdb::num_value_pages(place.num_bytes));
      places_[key] = place;
    } catch (const nlohmann::json::exception&) {
      break;
    }
    whole_lines += line + "\n";
  }
  write_file(list_path_, whole_lines);
}

void GrowingEnvironment::write_list(const std::string& lines) {
  const auto size = static_cast<ssize_t>(lines.size());
  if (::write(list_file_, lines.data(), lines.size()) != size) {
    fail_io(list_path_);
  }
}

void GrowingEnvironment::write_pages(
    const std::vector<std::span<char>>& parts, int64_t page) {
  std::vector<iovec> vectors;
  vectors.reserve(parts.size());
  for (const auto& part : parts) {
    vectors.push_back({part.data(), part.size()});
  }
  std::span<iovec> left(vectors);
  off_t offset = page * lmdb::kPageBytes;
  while (!left.empty()) {
    const auto count = static_cast<int>(std::min(left.size(), kPartsAWrite));
    const auto written = ::pwritev(pages_file_, left.data(), count, offset);
    if (written < 0 && errno != EINTR &&
        !(errno == EINVAL && leave_direct(pages_file_))) {
      fail_io(pages_path_);
    }
    if (written > 0) {
      skip(left, static_cast<size_t>(written));
      offset += written;
    }
  }
}

void GrowingEnvironment::append(std::vector<ShardEntry> entries) {
  std::vector<std::span<char>> parts;
  std::vector<Place> places;
  std::string lines;
  int64_t page = next_page_;
  for (auto& [key, value, sha256] : entries) {
    const Place place{page, value.num_bytes(), sha256};
    parts.push_back(value.pages());
    lmdb::put_value_header(parts.back().data(), page, place.num_bytes);
    lines += line_of(key, place);
    page += lmdb::num_value_pages(place.num_bytes);
    places.push_back(place);
  }
  write_pages(parts, next_page_);
  write_list(lines);
  for (size_t i = 0; i < entries.size(); ++i) {
    places_[std::move(entries[i].key)] = std::move(places[i]);
  }
  next_page_ = page;
}

std::optional<ShardEntry> GrowingEnvironment::find(std::string_view key) const {
  const auto found = places_.find(key);
  if (found == places_.end()) {
    return std::nullopt;
  }
  const Place& place = found->second;
  ShardValue value(place.num_bytes);
  const auto pages = value.pages();
  const auto size = static_cast<ssize_t>(pages.size());
  if (::pread(
          pages_file_,
          pages.data(),
          pages.size(),
          place.page * lmdb::kPageBytes) != size ||
      sha256_hex(value.bytes()) != place.sha256) {
    return std::nullopt;
  }
  return ShardEntry{found->first, std::move(value), place.sha256};
}

int64_t GrowingEnvironment::file_bytes() const {
  return next_page_ * lmdb::kPageBytes;
}

void GrowingEnvironment::finish() {
  std::vector<lmdb::StoredValue> values;
  for (const auto& [key, place] : places_) {
    values.push_back({key, place.page, place.num_bytes});
  }
  auto tree = lmdb::build_tree(values, next_page_);
  // Strings lie anywhere in memory, which O_DIRECT does not take.
  leave_direct(pages_file_);
  std::string first = lmdb::first_pages(values, tree);
  write_pages({tree.pages}, next_page_);
  write_pages({first}, 0);
  const int64_t size = file_bytes() + static_cast<int64_t>(tree.pages.size());
  if (::ftruncate(pages_file_, size) != 0 || ::fsync(pages_file_) != 0) {
    fail_io(pages_path_);
  }
  std::error_code error;
  fs::rename(pages_path_, folder_ / kEnvironmentFile, error);
  if (error) {
    fail(
        ErrorCode::kIo,
        "shard {}: cannot be named data.mdb: {}",
        pages_path_.string(),
        error.message());
  }
  close();
  sync_to_disk(folder_);
  fs::remove(list_path_, error);  // of no use, and no harm
}

}  // namespace nadir::data
