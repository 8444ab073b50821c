#include "data/shards.h"

#include <algorithm>
#include <utility>

#include <lmdb.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

constexpr mdb_mode_t kFileMode = 0644;  // LMDB asks for one, and makes no file
// LMDB's own lock file is not needed: readers meet finished shards only.
constexpr unsigned kReadFlags =
    MDB_RDONLY | MDB_NOLOCK | MDB_NORDAHEAD | MDB_NOTLS;

void check(int status, const fs::path& path) {
  if (status == MDB_SUCCESS) {
    return;
  }
  const bool is_damaged = status == MDB_INVALID || status == MDB_CORRUPTED ||
                          status == MDB_VERSION_MISMATCH ||
                          status == MDB_PAGE_NOTFOUND;
  fail(
      is_damaged ? ErrorCode::kCorruptData : ErrorCode::kIo,
      "shard {}: {}",
      path.string(),
      mdb_strerror(status));
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
  Transaction(MDB_env* env, const fs::path& path) {
    check(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn_), path);
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
  explicit Environment(fs::path path) : path_(std::move(path)) {
    check(mdb_env_create(&env_), path_);
    try {
      check(mdb_env_open(env_, path_.c_str(), kReadFlags, kFileMode), path_);
      check_is_whole();
      Transaction transaction(env_, path_);
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
    const auto bytes = fs::file_size(path_ / kEnvironmentFile, error);
    return error ? 0 : static_cast<int64_t>(bytes);
  }

  // The map is read in any order (MDB_NORDAHEAD), where each page of a value
  // would be a wait of its own: asks for all of them at once.
  bool expect(std::string_view key) const {
    return read(key, [](std::string_view value) {
      const auto begin = reinterpret_cast<uintptr_t>(value.data());
      const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
      const uintptr_t first = begin / page * page;
      // A wish: where it is not granted, reading takes longer.
      (void)::madvise(
          reinterpret_cast<void*>(first),
          begin + value.size() - first,
          MADV_WILLNEED);
    });
  }

  template <class Use>
  bool read(std::string_view key, Use&& use) const {
    Transaction transaction(env_, path_);
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
    Transaction transaction(env_, path_);
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

  fs::path path_;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

// The environments' folders in `folder`, in the order of their names.
std::vector<fs::path> environments_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (fs::exists(entry.path() / kEnvironmentFile)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

fs::path environment_path(const fs::path& folder, int64_t number) {
  return folder / fmt::format("{:05}", number);
}

int64_t count_environments(const fs::path& folder) {
  int64_t count = 0;
  while (fs::exists(environment_path(folder, count) / kEnvironmentFile)) {
    ++count;
  }
  return count;
}

struct ShardReader::State {
  std::vector<std::unique_ptr<Environment>> environments;
  std::vector<fs::path> files;
};

ShardReader::ShardReader(const fs::path& folder)
    : state_(std::make_unique<State>()) {
  const auto paths = fs::exists(folder / kEnvironmentFile)
                         ? std::vector<fs::path>{folder}
                         : environments_in(folder);
  if (paths.empty()) {
    fail(
        ErrorCode::kNotFound,
        "{} holds no LMDB environment (a folder with data.mdb)",
        folder.string());
  }
  for (const auto& path : paths) {
    state_->environments.push_back(std::make_unique<Environment>(path));
    state_->files.push_back(path / kEnvironmentFile);
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

void ShardReader::expect(std::string_view key) const {
  (void)std::any_of(
      state_->environments.begin(),
      state_->environments.end(),
      [&](const auto& environment) { return environment->expect(key); });
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
