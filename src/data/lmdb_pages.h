// LMDB's file read page by page, for files that are not here: where a key's
// value lies, without mapping the file. Format: LMDB 0.9, data version 1
// (mdb.c of its source: MDB_meta, MDB_page, MDB_node), 64-bit, little endian.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/byte_source.h"

namespace nadir::data {

// Where a value lies in the file.
struct ValuePlace {
  int64_t begin = 0;
  int64_t num_bytes = 0;

  bool operator==(const ValuePlace&) const = default;
};

// The main database of one environment. Thread-safe where the source is.
class LmdbPages {
 public:
  // Reads the two pages that begin the file. Throws Error{kCorruptData} where
  // it is no such file, or is cut short.
  explicit LmdbPages(std::shared_ptr<store::ByteSource> file);

  // Keys in all.
  [[nodiscard]] int64_t size() const { return num_entries_; }

  // Reads a page for each level of the tree. Throws Error{kCorruptData} where a
  // page is not what its place says, and what the source throws.
  [[nodiscard]] std::optional<ValuePlace> find(std::string_view key) const;

  // All keys in their order; reads every page of keys.
  void visit_keys(const std::function<void(std::string_view key)>& visit) const;

 private:
  class Page;

  [[nodiscard]] Page read_page(int64_t number) const;
  [[noreturn]] void fail_damaged(const std::string& what) const;
  void visit_below(
      int64_t number,
      int depth,
      const std::function<void(std::string_view key)>& visit) const;

  std::shared_ptr<store::ByteSource> file_;
  int64_t page_bytes_ = 0;
  int64_t num_entries_ = 0;
  int64_t root_ = 0;
  int depth_ = 0;
};

}  // namespace nadir::data
