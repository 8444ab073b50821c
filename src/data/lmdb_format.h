// LMDB's file, as numbers: LMDB 0.9, data version 1 (mdb.c of its source:
// MDB_meta, MDB_page, MDB_node), 64-bit, little endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace nadir::data::lmdb {

inline constexpr uint32_t kMagic = 0xBEEFC0DE;
inline constexpr uint32_t kVersion = 1;
inline constexpr int64_t kNoPage = -1;
inline constexpr int64_t kFirstPage = 2;  // before it two pages of MDB_meta
inline constexpr int64_t kMostPages = int64_t{1} << 48;  // a node's bits
inline constexpr size_t kMaxKeyBytes = 511;

// A page begins with its number (8 bytes), 2 unused, flags (2), and then where
// its free part begins and ends (2 each), or for a value the pages it has (4).
inline constexpr size_t kPageHeader = 16;
inline constexpr size_t kFlagsAt = 10;
inline constexpr size_t kLowerAt = 12;
inline constexpr size_t kUpperAt = 14;
inline constexpr size_t kPageCountAt = 12;
inline constexpr uint16_t kBranch = 0x01;
inline constexpr uint16_t kLeaf = 0x02;
inline constexpr uint16_t kOverflow = 0x04;
inline constexpr uint16_t kMeta = 0x08;

// A node begins with two halves of a size or page, flags, the key's size (2
// bytes each). Nodes lie at even places.
inline constexpr size_t kNodeHeader = 8;
inline constexpr size_t kNodeFlagsAt = 4;
inline constexpr size_t kKeySizeAt = 6;
inline constexpr uint16_t kBigData = 0x01;
inline constexpr uint16_t kSubDatabase = 0x02;
inline constexpr uint16_t kDuplicates = 0x04;

// MDB_meta, behind the page's header: magic and version (4 each), address and
// size of the map (8 each), two databases of 48 bytes (the free pages', then
// the main one), the last page and the transaction (8 each).
inline constexpr size_t kMapSizeAt = 16;
inline constexpr size_t kDatabaseBytes = 48;
inline constexpr size_t kDatabasesAt = 24;
inline constexpr size_t kMainAt = kDatabasesAt + kDatabaseBytes;
inline constexpr size_t kLastPageAt = kMainAt + kDatabaseBytes;
inline constexpr size_t kTransactionAt = kLastPageAt + 8;
inline constexpr size_t kMetaBytes = kTransactionAt + 8;

// Of a database: the page's bytes (4, of the free pages' one alone), flags and
// depth (2 each), branch, leaf and overflow pages, keys, root (8 each).
inline constexpr size_t kDatabaseFlagsAt = 4;
inline constexpr size_t kDepthAt = 6;
inline constexpr size_t kBranchPagesAt = 8;
inline constexpr size_t kLeafPagesAt = 16;
inline constexpr size_t kOverflowPagesAt = 24;
inline constexpr size_t kNumKeysAt = 32;
inline constexpr size_t kRootAt = 40;
inline constexpr uint16_t kIntegerKeys = 0x08;  // those of the free pages

template <class T>
[[nodiscard]] T value_at(std::string_view bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class T>
void put_at(char* bytes, size_t offset, T value) {
  std::memcpy(bytes + offset, &value, sizeof(T));
}

}  // namespace nadir::data::lmdb
