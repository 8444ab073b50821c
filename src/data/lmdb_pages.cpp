#include "data/lmdb_pages.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "data/lmdb_format.h"

namespace nadir::data {
namespace {

using namespace lmdb;

constexpr int kMaxDepth = 32;

}  // namespace

// A page's bytes, every access checked.
class LmdbPages::Page {
 public:
  Page(const LmdbPages& owner, int64_t number, std::string bytes)
      : owner_(owner), number_(number), bytes_(std::move(bytes)) {}

  [[nodiscard]] uint16_t flags() const { return at<uint16_t>(kFlagsAt); }

  [[nodiscard]] size_t num_nodes() const {
    const auto lower = at<uint16_t>(kLowerAt);
    if (lower < kPageHeader || lower > bytes_.size()) {
      owner_.fail_damaged(fmt::format("page {} has no nodes", number_));
    }
    return (lower - kPageHeader) / 2;
  }

  [[nodiscard]] std::string_view key(size_t i) const {
    const size_t node = node_at(i);
    const auto size = at<uint16_t>(node + kKeySizeAt);
    check(node + kNodeHeader, size);
    return std::string_view(bytes_).substr(node + kNodeHeader, size);
  }

  // Of a branch: the page below.
  [[nodiscard]] int64_t child(size_t i) const {
    const size_t node = node_at(i);
    return at<uint16_t>(node) | int64_t{at<uint16_t>(node + 2)} << 16 |
           int64_t{at<uint16_t>(node + kNodeFlagsAt)} << 32;
  }

  // Of a leaf: where the value lies in the file.
  [[nodiscard]] ValuePlace value(size_t i) const {
    const size_t node = node_at(i);
    const auto flags = at<uint16_t>(node + kNodeFlagsAt);
    const size_t data = node + kNodeHeader + at<uint16_t>(node + kKeySizeAt);
    const int64_t size = at<uint16_t>(node) | int64_t{at<uint16_t>(node + 2)}
                                                  << 16;
    if ((flags & (kSubDatabase | kDuplicates)) != 0) {
      owner_.fail_damaged("it holds databases within, which shards do not");
    }
    const int64_t page_bytes = owner_.page_bytes_;
    if ((flags & kBigData) == 0) {
      check(data, static_cast<size_t>(size));
      return {number_ * page_bytes + static_cast<int64_t>(data), size};
    }
    const int64_t page = at<int64_t>(data);
    const ValuePlace place{
        page * page_bytes + static_cast<int64_t>(kPageHeader), size};
    if (page < kFirstPage || place.begin > owner_.file_->num_bytes() - size) {
      owner_.fail_damaged(
          fmt::format("page {} names a value outside the file", number_));
    }
    return place;
  }

 private:
  template <class T>
  [[nodiscard]] T at(size_t offset) const {
    check(offset, sizeof(T));
    return value_at<T>(bytes_, offset);
  }

  void check(size_t offset, size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      owner_.fail_damaged(fmt::format("page {} is damaged", number_));
    }
  }

  [[nodiscard]] size_t node_at(size_t i) const {
    return at<uint16_t>(kPageHeader + 2 * i);
  }

  const LmdbPages& owner_;
  int64_t number_;
  std::string bytes_;
};

void LmdbPages::fail_damaged(const std::string& what) const {
  fail(ErrorCode::kCorruptData, "shard {}: {}", file_->name(), what);
}

LmdbPages::LmdbPages(std::shared_ptr<store::ByteSource> file)
    : file_(std::move(file)) {
  // The newer of two pages holds; the second lies at the size that both state.
  int64_t newest = -1;
  int64_t last_page = 0;
  int64_t offset = 0;
  for (int i = 0; i < 2; ++i, offset = page_bytes_) {
    std::string bytes(kPageHeader + kMetaBytes, '\0');
    const auto wanted = static_cast<int64_t>(bytes.size());
    if (file_->read(offset, wanted, bytes.data()) != wanted) {
      fail_damaged("it is cut short");
    }
    const auto meta = std::string_view(bytes).substr(kPageHeader);
    if (value_at<uint32_t>(meta, 0) != kMagic ||
        value_at<uint32_t>(meta, 4) != kVersion) {
      fail_damaged("it is no LMDB file of version 1");
    }
    const auto page_bytes = value_at<uint32_t>(meta, kDatabasesAt);
    if (page_bytes < 512 || page_bytes > 65536) {
      fail_damaged(fmt::format("its pages have {} bytes", page_bytes));
    }
    page_bytes_ = page_bytes;
    const auto transaction = value_at<int64_t>(meta, kTransactionAt);
    if (transaction > newest) {
      newest = transaction;
      last_page = value_at<int64_t>(meta, kLastPageAt);
      depth_ = value_at<uint16_t>(meta, kMainAt + kDepthAt);
      num_entries_ = value_at<int64_t>(meta, kMainAt + kNumKeysAt);
      root_ = value_at<int64_t>(meta, kMainAt + kRootAt);
    }
  }
  if (num_entries_ > 0 && file_->num_bytes() < (last_page + 1) * page_bytes_) {
    fail_damaged(fmt::format(
        "it is cut short: {} of {} bytes are there",
        file_->num_bytes(),
        (last_page + 1) * page_bytes_));
  }
  if (depth_ > kMaxDepth || num_entries_ < 0) {
    fail_damaged("its tree is damaged");
  }
}

LmdbPages::Page LmdbPages::read_page(int64_t number) const {
  std::string bytes(static_cast<size_t>(page_bytes_), '\0');
  if (number < kFirstPage || number > file_->num_bytes() / page_bytes_ ||
      file_->read(number * page_bytes_, page_bytes_, bytes.data()) !=
          page_bytes_) {
    fail_damaged(fmt::format("page {} lies outside the file", number));
  }
  return {*this, number, std::move(bytes)};
}

std::optional<ValuePlace> LmdbPages::find(std::string_view key) const {
  if (root_ == kNoPage || num_entries_ == 0) {
    return std::nullopt;
  }
  int64_t number = root_;
  for (int level = 0; level < depth_; ++level) {
    const Page page = read_page(number);
    const size_t num_nodes = page.num_nodes();
    const auto flags = page.flags();
    // The first key of a branch is empty: everything before the second.
    size_t begin = (flags & kBranch) != 0 ? 1 : 0;
    size_t end = num_nodes;
    while (begin < end) {
      const size_t middle = (begin + end) / 2;
      if (page.key(middle) <= key) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    if ((flags & kLeaf) != 0) {
      return begin > 0 && page.key(begin - 1) == key
                 ? std::optional(page.value(begin - 1))
                 : std::nullopt;
    }
    if ((flags & kBranch) == 0 || num_nodes == 0) {
      fail_damaged(fmt::format("page {} is no page of keys", number));
    }
    number = page.child(begin - 1);
  }
  fail_damaged("its tree is deeper than it says");
}

void LmdbPages::visit_below(
    int64_t number,
    int depth,
    const std::function<void(std::string_view key)>& visit) const {
  if (depth == 0) {
    fail_damaged("its tree is deeper than it says");
  }
  const Page page = read_page(number);
  const size_t num_nodes = page.num_nodes();
  const auto flags = page.flags();
  if ((flags & (kBranch | kLeaf)) == 0 || (flags & kOverflow) != 0) {
    fail_damaged(fmt::format("page {} is no page of keys", number));
  }
  for (size_t i = 0; i < num_nodes; ++i) {
    if ((flags & kLeaf) != 0) {
      visit(page.key(i));
    } else {
      visit_below(page.child(i), depth - 1, visit);
    }
  }
}

void LmdbPages::visit_keys(
    const std::function<void(std::string_view key)>& visit) const {
  if (root_ != kNoPage && num_entries_ > 0) {
    visit_below(root_, depth_, visit);
  }
}

}  // namespace nadir::data
