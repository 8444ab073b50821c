// Environments that we write, in LMDB's eyes and after crashes.
#include "data/growing_environment.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/random.h"
#include "data/fixtures.h"
#include "data/lmdb_fixture.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

// Keys of 1 to 511 bytes, values of none to three pages.
LmdbEntries random_entries(int count, uint64_t seed) {
  RandomStream random(seed, StreamPurpose::kTest);
  const auto bytes = [&](size_t size) {
    std::string text(size, '\0');
    for (auto& byte : text) {
      byte = static_cast<char>(random.next_u32());
    }
    return text;
  };
  LmdbEntries entries;
  while (static_cast<int>(entries.size()) < count) {
    const size_t key_bytes = 1 + random.next_u32() % 511;
    entries[bytes(key_bytes)] = bytes(random.next_u32() % 10'000);
  }
  return entries;
}

std::vector<ShardEntry> shard_entries(const LmdbEntries& entries) {
  std::vector<ShardEntry> list;
  for (const auto& [key, value] : entries) {
    list.push_back({key, ShardValue(value), sha256_hex(value)});
  }
  return list;
}

std::string found_in(const GrowingEnvironment& grown, const std::string& key) {
  const auto entry = grown.find(key);
  return entry ? std::string(entry->value.bytes()) : "not there";
}

class GrowingEnvironmentTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path list() const { return path() / "data.mdb.jsonl"; }

  [[nodiscard]] fs::path part() const { return path() / "data.mdb.part"; }

  [[nodiscard]] fs::path path() const { return folder_.path() / "00000"; }

  // Three entries, "a" to "c", and a writer that ended without a word.
  void interrupt() {
    GrowingEnvironment grown(path());
    grown.append(shard_entries({{"a", "one"}, {"b", "two"}}));
    grown.append(shard_entries({{"c", std::string(9000, 'c')}}));
  }

  TemporaryFolder folder_;
};

TEST_F(GrowingEnvironmentTest, IsWhatLmdbReads) {
  // 7 of the longest keys fill a page: counts about the pages' bounds.
  for (const int count : {1, 2, 7, 8, 9, 49, 50, 64, 500, 5000}) {
    const auto entries = random_entries(count, 7);
    const fs::path path = folder_.path() / std::to_string(count);
    {
      GrowingEnvironment grown(path);
      grown.append(shard_entries(entries));
      grown.finish();
    }
    LmdbLibrary lmdb(path);
    EXPECT_EQ(lmdb.entries(), entries) << count;
    const auto stat = lmdb.stat();
    EXPECT_EQ(stat.ms_entries, entries.size());
    // Every page is something: two of MDB_meta, the tree's, the values'.
    EXPECT_EQ(
        static_cast<int64_t>(
            2 + stat.ms_branch_pages + stat.ms_leaf_pages +
            stat.ms_overflow_pages),
        lmdb.num_pages());
    EXPECT_EQ(
        static_cast<int64_t>(fs::file_size(path / "data.mdb")),
        lmdb.num_pages() * 4096);
  }
}

// Each count of the longest keys from one page to several levels: where a page
// would be left with one key below it, LMDB's own search refuses it.
TEST_F(GrowingEnvironmentTest, HasNoBranchOfOneKey) {
  LmdbEntries entries;
  for (int count = 1; count <= 120; ++count) {
    entries[std::string(508, 'k') + fmt::format("{:03}", count)] = "v";
    const fs::path path = folder_.path() / std::to_string(count);
    {
      GrowingEnvironment grown(path);
      grown.append(shard_entries(entries));
      grown.finish();
    }
    LmdbLibrary lmdb(path);
    ASSERT_EQ(lmdb.entries(), entries) << count;
    lmdb.put({{"before", "w"}, {"z behind", "w"}});
    ASSERT_EQ(lmdb.entries().size(), entries.size() + 2) << count;
  }
}

TEST_F(GrowingEnvironmentTest, IsWhatLmdbGoesOnWith) {
  auto entries = random_entries(2000, 1);
  {
    GrowingEnvironment grown(path());
    grown.append(shard_entries(entries));
    grown.finish();
  }
  LmdbLibrary lmdb(path());
  std::vector<std::string> removed;
  for (const auto& [key, value] : entries) {
    if (key[0] % 3 == 0) {
      removed.push_back(key);
    }
  }
  lmdb.remove(removed);
  for (const auto& key : removed) {
    entries.erase(key);
  }
  auto more = random_entries(1000, 2);
  lmdb.put(more);
  entries.merge(more);
  EXPECT_EQ(lmdb.entries(), entries);
}

TEST_F(GrowingEnvironmentTest, IsNoneBeforeItIsFinished) {
  interrupt();
  EXPECT_FALSE(fs::exists(path() / "data.mdb"));
  GrowingEnvironment grown(path());
  EXPECT_EQ(grown.size(), 3);
  grown.finish();
  EXPECT_TRUE(fs::exists(path() / "data.mdb"));
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_FALSE(fs::exists(list()));
}

TEST_F(GrowingEnvironmentTest, GoesOnWithWhatIsThere) {
  interrupt();
  {
    GrowingEnvironment grown(path());
    EXPECT_EQ(found_in(grown, "a"), "one");
    EXPECT_EQ(found_in(grown, "c"), std::string(9000, 'c'));
    EXPECT_EQ(found_in(grown, "d"), "not there");
    grown.append(shard_entries({{"d", "four"}}));
    EXPECT_EQ(found_in(grown, "d"), "four");
    grown.finish();
  }
  EXPECT_EQ(
      LmdbLibrary(path()).entries(),
      (LmdbEntries{
          {"a", "one"},
          {"b", "two"},
          {"c", std::string(9000, 'c')},
          {"d", "four"}}));
}

// The last line of a list whose writer was killed, or whose disk was full.
TEST_F(GrowingEnvironmentTest, ForgetsALineThatIsNotWhole) {
  interrupt();
  fs::resize_file(list(), fs::file_size(list()) - 1);
  {
    GrowingEnvironment grown(path());
    EXPECT_EQ(grown.size(), 2);
    grown.append(shard_entries({{"c", "new"}}));
  }
  GrowingEnvironment again(path());
  EXPECT_EQ(again.size(), 3);
  EXPECT_EQ(found_in(again, "b"), "two");
  EXPECT_EQ(found_in(again, "c"), "new");
}

// A list can reach the disk before what it lists, when the power fails.
TEST_F(GrowingEnvironmentTest, TakesDamagedValuesAsNotThere) {
  interrupt();
  std::string pages = read_file(part());
  pages[2 * 4096 + 17] = 'x';  // of "one"
  pages.resize(pages.size() - 4096);
  std::ofstream(part(), std::ios::binary) << pages;
  GrowingEnvironment grown(path());
  EXPECT_EQ(found_in(grown, "a"), "not there");
  EXPECT_EQ(found_in(grown, "b"), "two");
  EXPECT_EQ(found_in(grown, "c"), "not there");
  grown.append(shard_entries({{"a", "again"}}));
  EXPECT_EQ(found_in(grown, "a"), "again");
}

TEST_F(GrowingEnvironmentTest, TakesAListOfAnythingElseAsEmpty) {
  const auto line =
      [](const char* page, const char* bytes, const std::string& name = "a") {
        return fmt::format(
            R"({{"name":"{}","page":{},"bytes":{},"sha256":""}})"
            "\n",
            name,
            page,
            bytes);
      };
  for (const auto& text :
       {std::string("no JSON\n"),
        std::string("[]\n"),
        std::string(100, '\0') + "\n",
        line("1", "1"),
        line("-1", "1"),
        line("9223372036854775807", "1"),
        line("2", "-1"),
        line("2", "99999999999"),
        line("2", "1", ""),
        line("2", "1", std::string(512, 'a')),
        line("\"two\"", "1")}) {
    make_folder(path());
    std::ofstream(list(), std::ios::binary) << text;
    const GrowingEnvironment grown(path());
    EXPECT_EQ(grown.size(), 0) << text;
  }
}

}  // namespace
}  // namespace nadir::data
