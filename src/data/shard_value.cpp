#include "data/shard_value.h"

#include <algorithm>

#include "data/lmdb_format.h"
#include "data/lmdb_tree.h"

namespace nadir::data {
namespace {

size_t bytes_of_pages(int64_t num_bytes) {
  return static_cast<size_t>(
      lmdb::num_value_pages(num_bytes) * lmdb::kPageBytes);
}

}  // namespace

ShardValue::ShardValue(int64_t num_bytes)
    : num_bytes_(num_bytes),
      pages_(allocate_direct(bytes_of_pages(num_bytes))) {
  std::fill_n(pages_.get(), lmdb::kPageHeader, '\0');
  std::fill(data() + num_bytes, pages().data() + pages().size(), '\0');
}

ShardValue::ShardValue(std::string_view bytes)
    : ShardValue(static_cast<int64_t>(bytes.size())) {
  std::copy(bytes.begin(), bytes.end(), data());
}

char* ShardValue::data() {
  return pages_.get() + lmdb::kPageHeader;
}

std::string_view ShardValue::bytes() const {
  return {pages_.get() + lmdb::kPageHeader, static_cast<size_t>(num_bytes_)};
}

std::span<char> ShardValue::pages() {
  return {pages_.get(), bytes_of_pages(num_bytes_)};
}

}  // namespace nadir::data
