// LMDB's pages read by our own eyes, beside LMDB.
#include "data/lmdb_pages.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "data/lmdb_fixture.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

// Bytes in memory, counted.
class MemorySource : public store::ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] const std::string& name() const override { return name_; }

  [[nodiscard]] int64_t num_bytes() const override {
    return static_cast<int64_t>(bytes_.size());
  }

  int64_t read(int64_t begin, int64_t size, char* out) override {
    ++num_reads;
    const int64_t left = std::max<int64_t>(num_bytes() - begin, 0);
    const int64_t count = begin < 0 ? 0 : std::min(size, left);
    std::copy_n(bytes_.data() + std::max<int64_t>(begin, 0), count, out);
    return count;
  }

  int num_reads = 0;

 private:
  std::string name_ = "memory";
  std::string bytes_;
};

// Values on leaf pages and on pages of their own.
LmdbEntries some_entries(int count) {
  LmdbEntries entries;
  for (int i = 0; i < count; ++i) {
    const size_t size = i % 3 == 0 ? 20 : 3000 + static_cast<size_t>(i) * 37;
    entries["S2A_MSIL2A_" + std::to_string(i * 7919 % 100'003)] =
        std::string(size % 90'000, static_cast<char>('a' + i % 26));
  }
  return entries;
}

std::string environment_bytes(const LmdbEntries& entries) {
  const TemporaryFolder folder;
  LmdbLibrary(folder.path()).put(entries);
  return read_file(folder.path() / "data.mdb");
}

std::optional<std::string> value_of(
    const LmdbPages& pages, MemorySource& source, const std::string& key) {
  const auto place = pages.find(key);
  if (!place) {
    return std::nullopt;
  }
  std::string value(static_cast<size_t>(place->num_bytes), '\0');
  EXPECT_EQ(
      source.read(place->begin, place->num_bytes, value.data()),
      place->num_bytes);
  return value;
}

TEST(LmdbPages, FindsWhatLmdbStored) {
  for (const int count : {1, 7, 2000}) {
    const auto entries = some_entries(count);
    const auto source =
        std::make_shared<MemorySource>(environment_bytes(entries));
    const LmdbPages pages(source);
    EXPECT_EQ(pages.size(), static_cast<int64_t>(entries.size()));
    for (const auto& [key, value] : entries) {
      EXPECT_EQ(value_of(pages, *source, key), value) << key;
      EXPECT_FALSE(pages.find(key + "x"));
      EXPECT_FALSE(pages.find(key.substr(0, key.size() - 1) + " "));
    }
    EXPECT_FALSE(pages.find(""));
    EXPECT_FALSE(pages.find("~"));
    std::vector<std::string> keys;
    pages.visit_keys([&](std::string_view key) { keys.emplace_back(key); });
    ASSERT_EQ(keys.size(), entries.size());
    EXPECT_TRUE(std::equal(
        keys.begin(), keys.end(), entries.begin(), [](auto& a, auto& b) {
          return a == b.first;
        }));
  }
}

TEST(LmdbPages, ReadsAPageALevel) {
  const auto entries = some_entries(2000);
  const auto source =
      std::make_shared<MemorySource>(environment_bytes(entries));
  const LmdbPages pages(source);
  source->num_reads = 0;
  (void)pages.find(entries.begin()->first);
  EXPECT_LE(source->num_reads, 3);
}

TEST(LmdbPages, RefusesWhatIsNoSuchFile) {
  const std::string whole = environment_bytes(some_entries(50));
  for (const auto& bytes :
       {std::string(),
        std::string(10'000, 'x'),
        whole.substr(0, 100),
        whole.substr(0, whole.size() / 2)}) {
    try {
      const LmdbPages pages(std::make_shared<MemorySource>(bytes));
      FAIL() << bytes.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    }
  }
}

TEST(LmdbPages, DamagedPagesNeverLeadAstray) {
  const auto entries = some_entries(300);
  const std::string whole = environment_bytes(entries);
  uint32_t random = 5;
  int num_refused = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 40; ++i) {
      random = random * 1664525 + 1013904223;
      // Most pages are values': aim at heads of pages, where the tree is.
      const size_t page = random / 4096 % (bytes.size() / 4096);
      bytes[page * 4096 + random % 64] = static_cast<char>(random >> 24);
    }
    try {
      const auto source = std::make_shared<MemorySource>(bytes);
      const LmdbPages pages(source);
      for (const auto& [key, value] : entries) {
        const auto place = pages.find(key);
        if (place) {
          EXPECT_LE(
              place->begin + place->num_bytes,
              static_cast<int64_t>(bytes.size()));
        }
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, 50);
}

}  // namespace
}  // namespace nadir::data
