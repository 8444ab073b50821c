#include "store/folder_sync.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "store/upload.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

// A file that will be renamed when it is complete.
bool is_in_the_making(const fs::path& name) {
  return std::any_of(name.begin(), name.end(), [](const fs::path& step) {
    const std::string text = step.string();
    return text.starts_with('.') || text.find(".tmp") != std::string::npos;
  });
}

}  // namespace

FolderSync::FolderSync(
    std::shared_ptr<const S3> s3,
    fs::path folder,
    Location target,
    FolderSyncOptions options)
    : s3_(std::move(s3)),
      folder_(std::move(folder)),
      target_(target.as_folder()),
      options_(std::move(options)),
      thread_([this] { work(); }) {}

FolderSync::~FolderSync() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  is_ending_changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void FolderSync::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (is_ending_changed_.wait_for(
            lock, options_.period, [&] { return is_ending_; })) {
      return;
    }
    lock.unlock();
    try {
      copy();
    } catch (const std::exception& error) {
      log_warning(
          "store",
          "{} could not be brought up to date, and is tried again: {}",
          target_.text(),
          error.what());
    }
    lock.lock();
  }
}

std::map<std::string, FolderSync::Seen> FolderSync::look() const {
  std::map<std::string, Seen> seen;
  std::error_code code;
  for (fs::recursive_directory_iterator
           entry(folder_, fs::directory_options::skip_permission_denied, code),
       end;
       !code && entry != end;
       entry.increment(code)) {
    const fs::path name = entry->path().lexically_relative(folder_);
    if (is_in_the_making(name) || !entry->is_regular_file(code)) {
      continue;
    }
    // What is removed meanwhile is gone.
    const auto time = entry->last_write_time(code);
    const auto size = code ? 0 : entry->file_size(code);
    if (!code) {
      seen[name.generic_string()] = {time, size};
    }
    code.clear();
  }
  return seen;
}

void FolderSync::know_all() {
  const std::lock_guard lock(copying_);
  copied_ = look();
}

void FolderSync::copy() {
  const std::lock_guard lock(copying_);
  const auto seen = look();
  std::vector<Transfer> content;
  std::vector<Transfer> marks;
  for (const auto& [name, file] : seen) {
    const auto known = copied_.find(name);
    if (known != copied_.end() && known->second == file) {
      continue;
    }
    const bool is_mark =
        std::find(options_.marks.begin(), options_.marks.end(), name) !=
        options_.marks.end();
    (is_mark ? marks : content)
        .push_back({folder_ / name, target_.below(name)});
  }
  upload_files(*s3_, content);
  upload_files(*s3_, marks);
  std::vector<std::string> gone;
  for (const auto& [name, file] : copied_) {
    if (!seen.contains(name)) {
      gone.push_back(target_.below(name).key);
    }
  }
  s3_->remove(target_.bucket, gone);
  copied_ = seen;
}

void FolderSync::finish() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  is_ending_changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
  copy();
}

}  // namespace nadir::store
