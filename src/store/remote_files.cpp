#include "store/remote_files.h"

#include <algorithm>
#include <ctime>
#include <set>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "store/download.h"
#include "store/object_stream.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kGib = int64_t{1} << 30;
// A copy that was asked for so lately may be about to be opened.
constexpr int64_t kSettleSeconds = 600;
constexpr const char* kCopies = "s3";

fs::path cache_folder(
    const std::string& asked_for, const Environment& environment) {
  if (!asked_for.empty()) {
    return asked_for;
  }
  if (const auto folder = environment("NADIR_CACHE")) {
    return *folder;
  }
  if (const auto folder = environment("XDG_CACHE_HOME")) {
    return fs::path(*folder) / "nadir";
  }
  const auto home = environment("HOME");
  return home ? fs::path(*home) / ".cache" / "nadir"
              : fs::temp_directory_path() / "nadir-cache";
}

// A copy has its object's size and time, as `aws s3 sync` keeps them.
bool is_up_to_date(const Download& download) {
  struct stat status {};

  return ::stat(download.path.c_str(), &status) == 0 &&
         S_ISREG(status.st_mode) &&
         status.st_size == download.object.num_bytes &&
         status.st_mtim.tv_sec == download.object.modified_s;
}

// The object's time, and that it is used now.
void set_times(const Download& download) {
  const timespec times[2] = {{0, UTIME_NOW}, {download.object.modified_s, 0}};
  (void)::utimensat(AT_FDCWD, download.path.c_str(), times, 0);
}

struct CachedFile {
  fs::path path;
  int64_t used_s = 0;     // when, since 1970
  int64_t num_bytes = 0;  // on the disk: shards have holes
};

std::vector<CachedFile> cached_files(const fs::path& folder) {
  std::vector<CachedFile> files;
  std::error_code code;
  for (const auto& entry : fs::recursive_directory_iterator(folder, code)) {
    struct stat status {};

    if (::stat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      files.push_back(
          {entry.path(), status.st_atim.tv_sec, status.st_blocks * 512});
    }
  }
  return files;
}

}  // namespace

RemoteFiles::RemoteFiles(RemoteOptions options, Environment environment)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      cache_(cache_folder(options_.cache, environment_)),
      room_(std::make_shared<CacheRoom>(options_.cache_gb * kGib)) {}

std::shared_ptr<const S3> RemoteFiles::s3() {
  const std::lock_guard lock(mutex_);
  if (!s3_) {
    s3_ = std::make_shared<S3>(
        std::make_shared<aws::Session>(options_.session, environment_));
  }
  return s3_;
}

fs::path RemoteFiles::place_in(
    const char* folder, const Location& location) const {
  // Stores of other addresses have other buckets of the same name.
  const std::string address =
      options_.session.endpoint_url.empty()
          ? environment_("AWS_ENDPOINT_URL_S3")
                .value_or(environment_("AWS_ENDPOINT_URL").value_or("aws"))
          : options_.session.endpoint_url;
  return cache_ / folder / aws::uri_encode(address) / location.bucket /
         location.key;
}

fs::path RemoteFiles::cache_path(const Location& location) const {
  return place_in(kCopies, location);
}

fs::path RemoteFiles::staging_path(const Location& location) const {
  return place_in("outgoing", location);
}

void RemoteFiles::bring(const std::vector<Download>& wanted) {
  std::vector<Download> missing;
  for (const auto& download : wanted) {
    if (is_up_to_date(download)) {
      set_times(download);
    } else {
      missing.push_back(download);
    }
  }
  if (missing.empty()) {
    return;
  }
  const int64_t num_bytes = total_bytes(missing);
  if (total_bytes(wanted) > options_.cache_gb * kGib) {
    fail(
        ErrorCode::kIo,
        "{} and what lies beside it have {}, more than the cache may hold "
        "({} GiB); raise --cache-gb, or pack the data first: shards are read "
        "where they lie",
        wanted.front().location.text(),
        format_bytes(static_cast<double>(total_bytes(wanted))),
        options_.cache_gb);
  }
  make_room(num_bytes, wanted);
  Progress progress(
      "fetching " + wanted.front().location.text(), num_bytes, "bytes");
  download_objects(*s3(), missing, {}, &progress);
  for (const auto& download : missing) {
    set_times(download);
  }
}

void RemoteFiles::make_room(
    int64_t num_bytes, const std::vector<Download>& wanted) const {
  auto files = cached_files(cache_ / kCopies);
  for (const auto& file : files) {
    num_bytes += file.num_bytes;
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.used_s < b.used_s;
  });
  std::set<fs::path> kept;
  for (const auto& download : wanted) {
    kept.insert(download.path);
  }
  const auto now = std::time(nullptr);
  for (const auto& file : files) {
    if (num_bytes <= options_.cache_gb * kGib ||
        now - file.used_s < kSettleSeconds) {
      return;  // what another process has just asked for stays
    }
    std::error_code code;
    if (!kept.contains(file.path) && fs::remove(file.path, code)) {
      num_bytes -= file.num_bytes;
    }
  }
}

std::string RemoteFiles::input(const std::string& path) {
  return input(path, [](std::vector<std::string>&) {});
}

std::string RemoteFiles::input(
    const std::string& path,
    const std::function<void(std::vector<std::string>& names)>& choose) {
  if (!is_remote(path)) {
    return path;
  }
  const Location location = parse_location(path);
  const auto object = s3()->find(location);
  if (object) {
    bring({{location, *object, cache_path(location)}});
    return cache_path(location).string();
  }
  const auto folder = location.as_folder();
  auto wanted = objects_below(*s3(), folder, cache_path(folder));
  const auto name_of = [&](const Download& download) {
    return download.object.key.substr(folder.key.size());
  };
  std::vector<std::string> names;
  for (const auto& download : wanted) {
    names.push_back(name_of(download));
  }
  choose(names);
  const std::set<std::string> chosen(names.begin(), names.end());
  std::erase_if(wanted, [&](const Download& download) {
    return !chosen.contains(name_of(download));
  });
  bring(wanted);
  return cache_path(folder).parent_path().string();
}

std::string RemoteFiles::input_files(
    const std::string& folder, const std::vector<std::string>& names) {
  const Location location = parse_location(folder).as_folder();
  std::vector<Download> wanted;
  for (const auto& name : names) {
    const auto place = location.below(name);
    const auto object = s3()->find(place);
    if (object) {
      wanted.push_back({place, *object, cache_path(place)});
    }
  }
  if (!wanted.empty()) {
    bring(wanted);
  }
  return cache_path(location).parent_path().string();
}

std::unique_ptr<ByteSource> RemoteFiles::open(const std::string& path) {
  return is_remote(path) ? open_stream(s3(), parse_location(path))
                         : open_file(path);
}

std::shared_ptr<CachedObject> RemoteFiles::cached(
    const Location& location, const ObjectInfo& object) {
  return std::make_shared<CachedObject>(
      s3(), location, object, cache_path(location), room_);
}

bool RemoteFiles::exists(const std::string& path) {
  if (!is_remote(path)) {
    return fs::exists(path);
  }
  const Location location = parse_location(path);
  return s3()->find(location) || s3()->has_any(location.as_folder());
}

}  // namespace nadir::store
