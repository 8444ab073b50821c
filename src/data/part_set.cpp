#include "data/part_set.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/signals.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr char kPartFormat[] = "nadir-part";
constexpr int kPartVersion = 1;

// Waits for an exclusive lock on a file, which it makes. The system lets go of
// it when the process ends, however it ends.
class MergeLock {
 public:
  explicit MergeLock(fs::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    int status = fd_ < 0 ? -1 : ::flock(fd_, LOCK_EX);
    while (status != 0 && fd_ >= 0 && errno == EINTR && caught_signal() == 0) {
      status = ::flock(fd_, LOCK_EX);
    }
    if (status != 0) {
      const int reason = errno;
      if (fd_ >= 0) {
        ::close(fd_);
      }
      fail(
          ErrorCode::kIo,
          "cannot lock {}: {}; the parts are made, `nadir data merge` merges "
          "them",
          path_.string(),
          std::strerror(reason));
    }
  }

  ~MergeLock() { ::close(fd_); }

  MergeLock(const MergeLock&) = delete;
  MergeLock& operator=(const MergeLock&) = delete;

  // Once the parts are gone, nobody who waits for the lock finds work.
  void remove() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }

 private:
  fs::path path_;
  int fd_ = -1;
};

// The numbers of "part-00002-of-00004", or nothing.
std::optional<Part> part_of_name(const std::string& name) {
  constexpr size_t kLength = sizeof("part-00002-of-00004") - 1;
  if (name.size() != kLength) {
    return std::nullopt;
  }
  try {
    const Part part = parse_part(name.substr(5, 5) + "/" + name.substr(14, 5));
    return fmt::format("part-{:05}-of-{:05}", part.number, part.count) == name
               ? std::optional(part)
               : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool is_part_complete(const fs::path& path) {
  return !fs::is_directory(path) || fs::exists(path / kPartFile);
}

std::vector<PartHeader> read_headers(const std::vector<fs::path>& paths) {
  std::vector<PartHeader> headers;
  for (const auto& path : paths) {
    headers.push_back(read_part_header(path));
    const auto& header = headers.back();
    const auto& first = headers.front();
    const Part expected = {
        static_cast<int64_t>(headers.size()),
        static_cast<int64_t>(paths.size())};
    NADIR_CHECK(
        header.kind == first.kind && header.part == expected,
        "{} holds part {} of '{}', which its name does not say; a part must "
        "keep its name",
        path.string(),
        header.part.text(),
        header.kind);
    check_part_settings(path, header.settings, first.settings);
  }
  return headers;
}

std::string numbers_text(const std::vector<int64_t>& numbers) {
  std::vector<std::string> texts;
  for (const int64_t number : numbers) {
    texts.push_back(std::to_string(number));
  }
  return join(texts, ", ");
}

}  // namespace

nlohmann::json to_json(const PartHeader& header) {
  return {
      {"format", kPartFormat},
      {"version", kPartVersion},
      {"kind", header.kind},
      {"number", header.part.number},
      {"count", header.part.count},
      {"settings", header.settings},
      {"content", header.content}};
}

PartHeader read_part_header(const fs::path& path) {
  try {
    std::string text;
    if (fs::is_directory(path)) {
      text = read_file(path / kPartFile);
    } else {
      text = table::read_parquet_metadata(path).at(kPartKey);
    }
    const auto json = parse_json(text);
    if (json.at("format") != kPartFormat ||
        json.at("version") != kPartVersion) {
      throw std::invalid_argument("it is not of the format nadir-part, 1");
    }
    return {
        json.at("kind").get<std::string>(),
        {json.at("number").get<int64_t>(), json.at("count").get<int64_t>()},
        json.at("settings"),
        json.at("content")};
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} is no part that nadir made: {}",
        path.string(),
        error.what());
  }
}

void check_part_settings(
    const fs::path& path,
    const nlohmann::json& made,
    const nlohmann::json& wanted) {
  for (const auto& [key, value] : wanted.items()) {
    const auto found = made.find(key);
    NADIR_CHECK(
        found != made.end() && *found == value,
        "{} was made with other settings: {} is {} there and {} here; remove "
        "it, or choose another --out",
        path.string(),
        key,
        found == made.end() ? "missing" : json_text(*found),
        json_text(value));
  }
}

PartSet PartSet::of_file(const fs::path& out) {
  const fs::path folder = out.has_parent_path() ? out.parent_path() : ".";
  return {folder, out.filename().string() + "."};
}

PartSet PartSet::of_folder(const fs::path& out) {
  return {out, ""};
}

fs::path PartSet::path(const Part& part) const {
  return folder_ /
         fmt::format("{}part-{:05}-of-{:05}", prefix_, part.number, part.count);
}

std::vector<int64_t> PartSet::Found::missing() const {
  std::vector<int64_t> numbers;
  for (int64_t number = 1; number <= count; ++number) {
    if (!paths.contains(number)) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

PartSet::Found PartSet::find() const {
  Found found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix_)) {
      continue;
    }
    const auto part = part_of_name(name.substr(prefix_.size()));
    if (!part) {
      continue;
    }
    NADIR_CHECK(
        found.count == 0 || found.count == part->count,
        "{} holds parts of {} and parts of {}; remove those that are not "
        "wanted",
        folder_.string(),
        found.count,
        part->count);
    found.count = part->count;
    if (is_part_complete(entry.path())) {
      found.paths[part->number] = entry.path();
    }
  }
  return found;
}

bool PartSet::check_before(
    const Part& part,
    const std::string& kind,
    const nlohmann::json& settings) const {
  const Found found = find();
  NADIR_CHECK(
      found.count == 0 || found.count == part.count,
      "{} holds parts of {}, this would be part {}; remove them, or split as "
      "before",
      folder_.string(),
      found.count,
      part.text());
  for (const auto& [number, path] : found.paths) {
    const auto header = read_part_header(path);
    NADIR_CHECK(
        header.kind == kind,
        "{} is a part of '{}', not of '{}'; remove it, or choose another "
        "--out",
        path.string(),
        header.kind,
        kind);
    check_part_settings(path, header.settings, settings);
  }
  return found.paths.contains(part.number);
}

PartSet::Outcome PartSet::merge_if_complete(const Merge& merge) const {
  const MergeLock lock(folder_ / fmt::format(".{}part-lock", prefix_));
  const Found found = find();
  if (!found.is_complete()) {
    if (found.count == 0) {
      lock.remove();
    }
    return {false, found.missing()};
  }
  std::vector<fs::path> paths;
  for (const auto& [number, path] : found.paths) {
    paths.push_back(path);
  }
  merge(read_headers(paths), paths);
  for (const auto& path : paths) {
    fs::remove_all(path);
  }
  lock.remove();
  return {true, {}};
}

void PartSet::merge(const Merge& merge) const {
  const Found found = find();
  if (found.count == 0) {
    fail(
        ErrorCode::kNotFound,
        "there are no parts {}part-00001-of-... in {}",
        prefix_,
        folder_.string());
  }
  if (!found.is_complete()) {
    fail(
        ErrorCode::kNotFound,
        "missing of the {} parts in {}: {}; make them with --part, or copy "
        "them here",
        found.count,
        folder_.string(),
        numbers_text(found.missing()));
  }
  const auto outcome = merge_if_complete(merge);
  NADIR_CHECK(
      outcome.is_merged,
      "{}: another process merges these parts",
      folder_.string());
}

}  // namespace nadir::data
