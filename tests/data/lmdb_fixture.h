// LMDB's own library beside our reader and writer of its files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <lmdb.h>

namespace nadir::data {

using LmdbEntries = std::map<std::string, std::string>;

// An environment open for writing; made if it is not there.
class LmdbLibrary {
 public:
  explicit LmdbLibrary(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, size_t{1} << 30));
    check(mdb_env_open(env_, folder.c_str(), MDB_NOLOCK | MDB_NOSYNC, 0644));
  }

  ~LmdbLibrary() { mdb_env_close(env_); }

  LmdbLibrary(const LmdbLibrary&) = delete;
  LmdbLibrary& operator=(const LmdbLibrary&) = delete;

  void put(const LmdbEntries& entries) {
    write([&](MDB_txn* txn, MDB_dbi dbi) {
      for (const auto& [key, value] : entries) {
        MDB_val k = as_value(key);
        MDB_val v = as_value(value);
        check(mdb_put(txn, dbi, &k, &v, 0));
      }
    });
  }

  void remove(const std::vector<std::string>& keys) {
    write([&](MDB_txn* txn, MDB_dbi dbi) {
      for (const auto& key : keys) {
        MDB_val k = as_value(key);
        check(mdb_del(txn, dbi, &k, nullptr));
      }
    });
  }

  [[nodiscard]] LmdbEntries entries() {
    LmdbEntries found;
    write([&](MDB_txn* txn, MDB_dbi dbi) {
      MDB_cursor* cursor = nullptr;
      check(mdb_cursor_open(txn, dbi, &cursor));
      MDB_val key{};
      MDB_val value{};
      while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
        found.emplace_hint(found.end(), text(key), text(value));
      }
      mdb_cursor_close(cursor);
    });
    return found;
  }

  [[nodiscard]] MDB_stat stat() const {
    MDB_stat stat{};
    check(mdb_env_stat(env_, &stat));
    return stat;
  }

  [[nodiscard]] int64_t num_pages() const {
    MDB_envinfo info{};
    check(mdb_env_info(env_, &info));
    return static_cast<int64_t>(info.me_last_pgno) + 1;
  }

 private:
  static void check(int status) {
    if (status != MDB_SUCCESS) {
      throw std::runtime_error(mdb_strerror(status));
    }
  }

  static MDB_val as_value(const std::string& bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};
  }

  static std::string text(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
  }

  template <class Change>
  void write(Change&& change) {
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    check(mdb_txn_begin(env_, nullptr, 0, &txn));
    check(mdb_dbi_open(txn, nullptr, 0, &dbi));
    change(txn, dbi);
    check(mdb_txn_commit(txn));
  }

  MDB_env* env_ = nullptr;
};

}  // namespace nadir::data
