// The part of an LMDB file that finds keys, built at once over values that
// have their places already. Pure bytes; who writes them is
// data/growing_environment.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nadir::data::lmdb {

inline constexpr int64_t kPageBytes = 4096;

// A value on pages of its own (LMDB's overflow pages), behind a page's header.
struct StoredValue {
  std::string_view key;
  int64_t page = 0;
  int64_t num_bytes = 0;
};

// Pages that a value of so many bytes takes, its header included.
[[nodiscard]] int64_t num_value_pages(int64_t num_bytes);

// Writes the header of a value's first page. `page` has room for it.
void put_value_header(char* page, int64_t number, int64_t num_bytes);

// Pages of keys, to lie at `first_page` of the file.
struct Tree {
  std::string pages;
  int64_t first_page = 0;
  int64_t root = 0;
  int64_t depth = 0;
  int64_t num_branch_pages = 0;
  int64_t num_leaf_pages = 0;
};

// Of at least one value, in ascending order of distinct keys (bytes; shorter
// first) of 1 to 511 bytes. Pages are filled to the brim.
[[nodiscard]] Tree build_tree(
    std::span<const StoredValue> values, int64_t first_page);

// The two pages that begin the file. The tree's pages are its last.
[[nodiscard]] std::string first_pages(
    std::span<const StoredValue> values, const Tree& tree);

}  // namespace nadir::data::lmdb
