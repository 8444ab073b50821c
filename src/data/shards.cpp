#include "data/shards.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

constexpr size_t kFirstMapBytes = size_t{1} << 26;
constexpr size_t kMaxKeyBytes = 511;  // LMDB's
constexpr mdb_mode_t kFileMode = 0644;
// LMDB's own lock file is not needed: readers meet finished shards only, and
// writers lock the folder.
constexpr unsigned kWriteFlags = MDB_NOLOCK | MDB_NORDAHEAD | MDB_NOTLS;
constexpr unsigned kReadFlags = kWriteFlags | MDB_RDONLY;

void check(int status, const fs::path& path) {
  if (status == MDB_SUCCESS) {
    return;
  }
  const bool is_damaged = status == MDB_INVALID || status == MDB_CORRUPTED ||
                          status == MDB_VERSION_MISMATCH ||
                          status == MDB_PAGE_NOTFOUND;
  // LMDB calls a write that came short an input/output error.
  const bool is_full = status == ENOSPC || status == EIO || status == EFBIG;
  fail(
      is_damaged ? ErrorCode::kCorruptData : ErrorCode::kIo,
      "shard {}: {}{}",
      path.string(),
      mdb_strerror(status),
      is_full ? "; if the disk is full, make room and run the same command "
                "again: it goes on"
              : "");
}

MDB_val as_value(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}

std::string_view as_text(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

// One transaction, aborted unless committed.
class Transaction {
 public:
  Transaction(MDB_env* env, unsigned flags, const fs::path& path) {
    check(mdb_txn_begin(env, nullptr, flags, &txn_), path);
  }

  ~Transaction() {
    if (txn_ != nullptr) {
      mdb_txn_abort(txn_);
    }
  }

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  int commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }

  [[nodiscard]] MDB_txn* get() const { return txn_; }

 private:
  MDB_txn* txn_ = nullptr;
};

// One open environment and its only database.
class Environment {
 public:
  Environment(fs::path path, unsigned flags) : path_(std::move(path)) {
    check(mdb_env_create(&env_), path_);
    try {
      if ((flags & MDB_RDONLY) == 0) {
        check(mdb_env_set_mapsize(env_, kFirstMapBytes), path_);
      }
      check(mdb_env_open(env_, path_.c_str(), flags, kFileMode), path_);
      check_is_whole();
      Transaction transaction(env_, flags & MDB_RDONLY, path_);
      check(mdb_dbi_open(transaction.get(), nullptr, 0, &dbi_), path_);
      check(transaction.commit(), path_);
    } catch (...) {
      mdb_env_close(env_);
      throw;
    }
  }

  ~Environment() { mdb_env_close(env_); }

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  [[nodiscard]] int64_t size() const {
    MDB_stat stat{};
    check(mdb_env_stat(env_, &stat), path_);
    return static_cast<int64_t>(stat.ms_entries);
  }

  [[nodiscard]] int64_t file_bytes() const {
    std::error_code error;
    const auto bytes = fs::file_size(path_ / "data.mdb", error);
    return error ? 0 : static_cast<int64_t>(bytes);
  }

  template <class Use>
  bool read(std::string_view key, Use&& use) const {
    Transaction transaction(env_, MDB_RDONLY, path_);
    MDB_val wanted = as_value(key);
    MDB_val found{};
    const int status = mdb_get(transaction.get(), dbi_, &wanted, &found);
    if (status == MDB_NOTFOUND) {
      return false;
    }
    check(status, path_);
    use(as_text(found));
    return true;
  }

  void append_keys(std::vector<std::string>& keys) const {
    Transaction transaction(env_, MDB_RDONLY, path_);
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(transaction.get(), dbi_, &cursor), path_);
    MDB_val key{};
    MDB_val value{};
    int status = MDB_SUCCESS;
    while ((status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) ==
           MDB_SUCCESS) {
      keys.emplace_back(as_text(key));
    }
    mdb_cursor_close(cursor);
    if (status != MDB_NOTFOUND) {
      check(status, path_);
    }
  }

  // All or nothing; the map grows until the entries fit.
  void write(const std::vector<std::pair<std::string, std::string>>& entries) {
    while (!try_write(entries)) {
      MDB_envinfo info{};
      check(mdb_env_info(env_, &info), path_);
      check(mdb_env_set_mapsize(env_, info.me_mapsize * 2), path_);
    }
  }

 private:
  // LMDB maps whatever size its header states: a file that was cut short
  // would end the process with SIGBUS at the first read beyond its end.
  void check_is_whole() const {
    MDB_envinfo info{};
    MDB_stat stat{};
    check(mdb_env_info(env_, &info), path_);
    check(mdb_env_stat(env_, &stat), path_);
    const auto needed =
        static_cast<int64_t>((info.me_last_pgno + 1) * stat.ms_psize);
    if (stat.ms_entries > 0 && file_bytes() < needed) {
      fail(
          ErrorCode::kCorruptData,
          "shard {} is cut short: {} of {} bytes are there",
          path_.string(),
          file_bytes(),
          needed);
    }
  }

  bool try_write(
      const std::vector<std::pair<std::string, std::string>>& entries) {
    Transaction transaction(env_, 0, path_);
    for (const auto& [key, blob] : entries) {
      MDB_val key_value = as_value(key);
      MDB_val blob_value = as_value(blob);
      const int status = mdb_put(
          transaction.get(), dbi_, &key_value, &blob_value, MDB_NOOVERWRITE);
      if (status == MDB_MAP_FULL) {
        return false;
      }
      check(status, path_);
    }
    const int status = transaction.commit();
    if (status == MDB_MAP_FULL) {
      return false;
    }
    check(status, path_);
    return true;
  }

  fs::path path_;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

// The environments' folders in `folder`, in the order of their names.
std::vector<fs::path> environments_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (fs::exists(entry.path() / "data.mdb")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

struct ShardWriter::State {
  [[nodiscard]] Environment& last() {
    if (environments.empty() ||
        environments.back()->file_bytes() > options.max_environment_bytes) {
      const fs::path path = folder / fmt::format("{:05}", environments.size());
      make_folder(path);
      environments.push_back(std::make_unique<Environment>(path, kWriteFlags));
    }
    return *environments.back();
  }

  fs::path folder;
  Options options;
  int lock = -1;
  std::vector<std::unique_ptr<Environment>> environments;
  std::vector<std::pair<std::string, std::string>> pending;
  int64_t pending_bytes = 0;
};

ShardWriter::ShardWriter(const fs::path& folder, const Options& options)
    : state_(std::make_unique<State>()) {
  state_->folder = folder;
  state_->options = options;
  make_folder(folder);
  const fs::path lock_path = folder / ".lock";
  state_->lock =
      ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, kFileMode);
  if (state_->lock < 0 || ::flock(state_->lock, LOCK_EX | LOCK_NB) != 0) {
    if (state_->lock >= 0) {
      ::close(state_->lock);
    }
    state_.reset();
    fail(
        ErrorCode::kIo,
        "{} is being written by another process, or cannot be written",
        folder.string());
  }
  for (const auto& path : environments_in(folder)) {
    state_->environments.push_back(
        std::make_unique<Environment>(path, kWriteFlags));
  }
}

ShardWriter::~ShardWriter() {
  if (state_ && state_->lock >= 0) {
    std::error_code ignored;
    fs::remove(state_->folder / ".lock", ignored);
    ::close(state_->lock);
  }
}

void ShardWriter::put(std::string_view key, std::string blob) {
  NADIR_CHECK(
      !key.empty() && key.size() <= kMaxKeyBytes,
      "the name '{}' has {} bytes; a shard's key has 1 to {}",
      key,
      key.size(),
      kMaxKeyBytes);
  state_->pending_bytes += static_cast<int64_t>(blob.size());
  state_->pending.emplace_back(key, std::move(blob));
  if (state_->pending_bytes >= state_->options.max_pending_bytes) {
    commit();
  }
}

void ShardWriter::commit() {
  if (state_->pending.empty()) {
    return;
  }
  state_->last().write(state_->pending);
  state_->pending.clear();
  state_->pending_bytes = 0;
}

std::optional<std::string> ShardWriter::find(std::string_view key) const {
  std::optional<std::string> blob;
  for (const auto& environment : state_->environments) {
    if (environment->read(
            key, [&](std::string_view bytes) { blob = std::string(bytes); })) {
      break;
    }
  }
  return blob;
}

bool ShardWriter::has(std::string_view key) const {
  return std::any_of(
      state_->environments.begin(),
      state_->environments.end(),
      [&](const auto& environment) {
        return environment->read(key, [](std::string_view) {});
      });
}

int64_t ShardWriter::size() const {
  auto count = static_cast<int64_t>(state_->pending.size());
  for (const auto& environment : state_->environments) {
    count += environment->size();
  }
  return count;
}

struct ShardReader::State {
  std::vector<std::unique_ptr<Environment>> environments;
  std::vector<fs::path> files;
};

ShardReader::ShardReader(const fs::path& folder)
    : state_(std::make_unique<State>()) {
  const auto paths = fs::exists(folder / "data.mdb")
                         ? std::vector<fs::path>{folder}
                         : environments_in(folder);
  if (paths.empty()) {
    fail(
        ErrorCode::kNotFound,
        "{} holds no LMDB environment (a folder with data.mdb)",
        folder.string());
  }
  for (const auto& path : paths) {
    state_->environments.push_back(
        std::make_unique<Environment>(path, kReadFlags));
    state_->files.push_back(path / "data.mdb");
  }
}

ShardReader::~ShardReader() = default;

int64_t ShardReader::size() const {
  int64_t count = 0;
  for (const auto& environment : state_->environments) {
    count += environment->size();
  }
  return count;
}

bool ShardReader::read(
    std::string_view key,
    const std::function<void(std::string_view)>& use) const {
  return std::any_of(
      state_->environments.begin(),
      state_->environments.end(),
      [&](const auto& environment) { return environment->read(key, use); });
}

const std::vector<fs::path>& ShardReader::files() const {
  return state_->files;
}

std::vector<std::string> ShardReader::keys() const {
  std::vector<std::string> keys;
  for (const auto& environment : state_->environments) {
    environment->append_keys(keys);
  }
  return keys;
}

}  // namespace nadir::data
