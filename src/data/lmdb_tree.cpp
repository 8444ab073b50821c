#include "data/lmdb_tree.h"

#include <algorithm>
#include <vector>

#include "core/ceil_div.h"
#include "core/error.h"
#include "data/lmdb_format.h"

namespace nadir::data::lmdb {
namespace {

constexpr size_t kPointerBytes = 2;
constexpr size_t kPageNumberBytes = 8;

size_t even(size_t size) {
  return (size + 1) / 2 * 2;
}

// What a page of keys lists: a value, or a page of the level below with the
// first key there.
struct Entry {
  std::string_view key;
  int64_t page = 0;
  int64_t num_bytes = 0;
};

// Pages are numbered in the order in which they are added.
class TreePages {
 public:
  explicit TreePages(int64_t first_page) : next_page_(first_page) {}

  // Puts the entries on pages of `kind` and returns those as entries.
  std::vector<Entry> add_level(
      const std::vector<Entry>& entries, uint16_t kind) {
    std::vector<Entry> level;
    for (size_t begin = 0; begin < entries.size();) {
      const size_t end = end_of_page(entries, begin, kind);
      level.push_back({entries[begin].key, next_page_});
      add_page(std::span(entries).subspan(begin, end - begin), kind);
      begin = end;
    }
    return level;
  }

  std::string take() { return std::move(bytes_); }

 private:
  // A branch's first key is empty: everything before the second.
  static size_t node_bytes(const Entry& entry, bool is_first, uint16_t kind) {
    return kind == kBranch
               ? even(kNodeHeader + (is_first ? 0 : entry.key.size()))
               : even(kNodeHeader + entry.key.size() + kPageNumberBytes);
  }

  static size_t end_of_page(
      const std::vector<Entry>& entries, size_t begin, uint16_t kind) {
    size_t end = begin;
    size_t left = kPageBytes - kPageHeader;
    while (end < entries.size()) {
      const size_t size =
          kPointerBytes + node_bytes(entries[end], end == begin, kind);
      if (size > left) {
        break;
      }
      left -= size;
      ++end;
    }
    // LMDB wants two keys at least on every branch page.
    return entries.size() - end == 1 ? end - 1 : end;
  }

  void add_page(std::span<const Entry> entries, uint16_t kind) {
    const size_t at = bytes_.size();
    bytes_.resize(at + kPageBytes, '\0');
    char* page = bytes_.data() + at;
    size_t lower = kPageHeader;
    size_t upper = kPageBytes;
    for (size_t i = 0; i < entries.size(); ++i) {
      upper -= node_bytes(entries[i], i == 0, kind);
      put_at(page, lower, static_cast<uint16_t>(upper));
      lower += kPointerBytes;
      put_node(page + upper, entries[i], i == 0, kind);
    }
    put_at(page, 0, next_page_++);
    put_at(page, kFlagsAt, kind);
    put_at(page, kLowerAt, static_cast<uint16_t>(lower));
    put_at(page, kUpperAt, static_cast<uint16_t>(upper));
  }

  static void put_node(
      char* node, const Entry& entry, bool is_first, uint16_t kind) {
    const bool is_branch = kind == kBranch;
    const auto key = is_branch && is_first ? std::string_view() : entry.key;
    // The 48 bits of a page below, or 32 of a value's size and the flags.
    const auto number =
        static_cast<uint64_t>(is_branch ? entry.page : entry.num_bytes);
    put_at(node, 0, static_cast<uint32_t>(number));
    put_at(
        node,
        kNodeFlagsAt,
        is_branch ? static_cast<uint16_t>(number >> 32) : kBigData);
    put_at(node, kKeySizeAt, static_cast<uint16_t>(key.size()));
    std::copy(key.begin(), key.end(), node + kNodeHeader);
    if (!is_branch) {
      put_at(node, kNodeHeader + key.size(), entry.page);
    }
  }

  std::string bytes_;
  int64_t next_page_;
};

}  // namespace

int64_t num_value_pages(int64_t num_bytes) {
  return ceil_div(static_cast<int64_t>(kPageHeader) + num_bytes, kPageBytes);
}

void put_value_header(char* page, int64_t number, int64_t num_bytes) {
  std::fill_n(page, kPageHeader, '\0');
  put_at(page, 0, number);
  put_at(page, kFlagsAt, kOverflow);
  put_at(page, kPageCountAt, static_cast<uint32_t>(num_value_pages(num_bytes)));
}

Tree build_tree(std::span<const StoredValue> values, int64_t first_page) {
  NADIR_ASSERT(!values.empty());
  std::vector<Entry> entries;
  entries.reserve(values.size());
  for (const auto& value : values) {
    NADIR_ASSERT(!value.key.empty() && value.key.size() <= kMaxKeyBytes);
    entries.push_back({value.key, value.page, value.num_bytes});
  }
  Tree tree;
  tree.first_page = first_page;
  TreePages pages(first_page);
  entries = pages.add_level(entries, kLeaf);
  tree.num_leaf_pages = static_cast<int64_t>(entries.size());
  tree.depth = 1;
  while (entries.size() > 1) {
    entries = pages.add_level(entries, kBranch);
    tree.num_branch_pages += static_cast<int64_t>(entries.size());
    ++tree.depth;
  }
  tree.root = entries.front().page;
  tree.pages = pages.take();
  return tree;
}

std::string first_pages(std::span<const StoredValue> values, const Tree& tree) {
  int64_t num_overflow_pages = 0;
  for (const auto& value : values) {
    num_overflow_pages += num_value_pages(value.num_bytes);
  }
  const int64_t num_pages =
      tree.first_page + tree.num_branch_pages + tree.num_leaf_pages;
  std::string pages(kFirstPage * kPageBytes, '\0');
  for (int64_t number = 0; number < kFirstPage; ++number) {
    char* page = pages.data() + number * kPageBytes;
    put_at(page, 0, number);
    put_at(page, kFlagsAt, kMeta);
    char* meta = page + kPageHeader;
    put_at(meta, 0, kMagic);
    put_at(meta, 4, kVersion);
    put_at(meta, kMapSizeAt, num_pages * kPageBytes);
    char* free_pages = meta + kDatabasesAt;
    put_at(free_pages, 0, static_cast<uint32_t>(kPageBytes));
    put_at(free_pages, kDatabaseFlagsAt, kIntegerKeys);
    put_at(free_pages, kRootAt, kNoPage);
    char* main = meta + kMainAt;
    put_at(main, kDepthAt, static_cast<uint16_t>(tree.depth));
    put_at(main, kBranchPagesAt, tree.num_branch_pages);
    put_at(main, kLeafPagesAt, tree.num_leaf_pages);
    put_at(main, kOverflowPagesAt, num_overflow_pages);
    put_at(main, kNumKeysAt, static_cast<int64_t>(values.size()));
    put_at(main, kRootAt, tree.root);
    put_at(meta, kLastPageAt, num_pages - 1);
    put_at(meta, kTransactionAt, number);  // the second page is the newer
  }
  return pages;
}

}  // namespace nadir::data::lmdb
