#include "data/shard_writer.h"

#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "data/lmdb_format.h"

namespace nadir::data {
namespace fs = std::filesystem;

ShardWriter::ShardWriter(const fs::path& folder, const Options& options)
    : folder_(folder), options_(options) {
  make_folder(folder);
  const fs::path lock_path = folder / ".lock";
  lock_ = ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (lock_ >= 0) {
      ::close(lock_);
    }
    fail(
        ErrorCode::kIo,
        "{} is being written by another process, or cannot be written",
        folder.string());
  }
  try {
    const int64_t num_finished = count_environments(folder);
    if (num_finished > 0) {
      finished_ = std::make_unique<ShardReader>(folder);
    }
    const fs::path next = environment_path(folder, num_finished);
    if (fs::exists(next)) {
      growing_ = std::make_unique<GrowingEnvironment>(next);
    }
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

ShardWriter::~ShardWriter() {
  std::error_code ignored;
  fs::remove(folder_ / ".lock", ignored);
  ::close(lock_);
}

void ShardWriter::put(ShardEntry entry) {
  const auto& key = entry.key;
  NADIR_CHECK(
      !key.empty() && key.size() <= lmdb::kMaxKeyBytes,
      "the name '{}' has {} bytes; a shard's key has 1 to {}",
      key,
      key.size(),
      lmdb::kMaxKeyBytes);
  NADIR_CHECK(
      entry.value.num_bytes() <= UINT32_MAX,
      "the image '{}' has {} bytes; a shard's value has at most 4 GiB",
      key,
      entry.value.num_bytes());
  pending_bytes_ += entry.value.num_bytes();
  pending_.push_back(std::move(entry));
  if (pending_bytes_ >= options_.max_pending_bytes) {
    commit();
  }
}

void ShardWriter::commit() {
  if (pending_.empty()) {
    return;
  }
  if (!growing_) {
    growing_ = std::make_unique<GrowingEnvironment>(
        environment_path(folder_, count_environments(folder_)));
  }
  growing_->append(std::exchange(pending_, {}));
  pending_bytes_ = 0;
  if (growing_->file_bytes() > options_.max_environment_bytes) {
    finish_environment();
  }
}

void ShardWriter::finish() {
  commit();
  if (growing_ && growing_->size() > 0) {
    finish_environment();
  }
}

void ShardWriter::finish_environment() {
  growing_->finish();
  growing_.reset();
  finished_ = std::make_unique<ShardReader>(folder_);
}

std::optional<ShardEntry> ShardWriter::find(std::string_view key) const {
  std::optional<ShardEntry> entry;
  if (growing_) {
    entry = growing_->find(key);
  }
  if (!entry && finished_) {
    finished_->expect(key);
    finished_->read(key, [&](std::string_view blob) {
      entry = ShardEntry{std::string(key), ShardValue(blob), sha256_hex(blob)};
    });
  }
  return entry;
}

int64_t ShardWriter::size() const {
  return static_cast<int64_t>(pending_.size()) +
         (growing_ ? growing_->size() : 0) +
         (finished_ ? finished_->size() : 0);
}

}  // namespace nadir::data
