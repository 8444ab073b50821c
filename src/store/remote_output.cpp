#include "store/remote_output.h"

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "store/download.h"
#include "store/upload.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

}  // namespace

RemoteOutput::RemoteOutput(
    RemoteFiles& remote,
    const std::string& path,
    std::vector<std::string> marks)
    : remote_(remote), given_(path), local_(path), marks_(std::move(marks)) {
  if (!is_remote(path)) {
    return;
  }
  const Location location = parse_location(path);
  const auto s3 = remote.s3();
  std::vector<Download> existing;
  const auto add = [&](const Location& place, const fs::path& local) {
    const auto object = s3->find(place);
    if (object) {
      existing.push_back({place, *object, local});
    }
  };
  if (marks_.empty()) {
    NADIR_CHECK(
        !location.key.empty() && !location.key.ends_with('/'),
        "{}: a file is written here, and this names a folder; write "
        "s3://{}/NAME",
        path,
        location.bucket);
    local_ = remote.staging_path(location).string();
    add(location, local_);
  } else {
    const auto folder = location.as_folder();
    const fs::path local = remote.staging_path(folder).parent_path();
    local_ = local.string();
    for (const auto& mark : marks_) {
      add(folder.below(mark), local / mark);
    }
  }
  download_objects(*s3, existing);
  for (const auto& download : existing) {
    brought_.emplace_back(download.path, fs::last_write_time(download.path));
  }
}

std::vector<Transfer> RemoteOutput::changed() const {
  const Location location = parse_location(given_);
  std::vector<Transfer> files;
  if (marks_.empty()) {
    files.push_back({local_, location});
  } else {
    files = files_below(local_, location.as_folder());
  }
  std::erase_if(files, [&](const Transfer& file) {
    return std::any_of(
        brought_.begin(), brought_.end(), [&](const auto& known) {
          return known.first == file.path &&
                 known.second == fs::last_write_time(file.path);
        });
  });
  return files;
}

void RemoteOutput::publish() {
  if (!is_remote(given_) || !fs::exists(local_)) {
    return;
  }
  auto files = changed();
  const auto is_mark = [&](const Transfer& file) {
    return std::any_of(marks_.begin(), marks_.end(), [&](const auto& mark) {
      return file.path == fs::path(local_) / mark;
    });
  };
  const auto first_mark =
      std::stable_partition(files.begin(), files.end(), [&](const auto& file) {
        return !is_mark(file);
      });
  const std::vector<Transfer> content(files.begin(), first_mark);
  const std::vector<Transfer> marks(first_mark, files.end());
  Progress progress("uploading to " + given_, total_bytes(files), "bytes");
  const auto s3 = remote_.s3();
  upload_files(*s3, content, {}, &progress);
  upload_files(*s3, marks, {}, &progress);
  fs::remove_all(local_);
}

}  // namespace nadir::store
