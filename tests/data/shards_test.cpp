#include "data/shards.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "data/fixtures.h"
#include "data/lmdb_fixture.h"
#include "data/safetensors_blob.h"
#include "data/shard_writer.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;
using raster::PixelType;

struct TwoBands {
  std::vector<uint16_t> fine = {1, 2, 3, 4, 5, 60000};
  std::vector<float> coarse = {-1.5F};

  [[nodiscard]] std::string blob() const {
    const BandView bands[] = {
        {"B02",
         PixelType::kUint16,
         2,
         3,
         reinterpret_cast<const std::byte*>(fine.data())},
        {"B08A",
         PixelType::kFloat32,
         1,
         1,
         reinterpret_cast<const std::byte*>(coarse.data())}};
    return std::string(encode_blob(bands).bytes());
  }
};

// The format in plain steps: 8-byte length, JSON, data.
TEST(SafetensorsBlob, IsASafetensorsFile) {
  const std::string blob = TwoBands().blob();
  uint64_t length = 0;
  std::memcpy(&length, blob.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  const auto header = parse_json(blob.substr(8, length));
  EXPECT_EQ(header["B02"]["dtype"], "U16");
  EXPECT_EQ(header["B02"]["shape"], (std::vector<int>{2, 3}));
  EXPECT_EQ(header["B08A"]["dtype"], "F32");
  EXPECT_EQ(header["B08A"]["data_offsets"], (std::vector<int>{12, 16}));
  EXPECT_EQ(blob.size(), 8 + length + 16);
  uint16_t last = 0;
  std::memcpy(&last, blob.data() + 8 + length + 10, 2);
  EXPECT_EQ(last, 60000);
}

TEST(SafetensorsBlob, ReadsBackWithRicoHdlsSpellingOfB8A) {
  const std::string blob = TwoBands().blob();
  const BlobLayout layout(blob, "test");
  ASSERT_NE(layout.find("B8A"), nullptr);
  EXPECT_EQ(layout.find("B8A")->type, PixelType::kFloat32);
  EXPECT_EQ(layout.find("B02")->width, 3);
  EXPECT_EQ(layout.find("B10"), nullptr);
  EXPECT_TRUE(layout.matches(blob));
  EXPECT_FALSE(layout.matches(blob + "x"));
}

TEST(SafetensorsBlob, RefusesDamage) {
  const std::string blob = TwoBands().blob();
  const auto parse = [](const std::string& bytes) {
    return error_of([&] { const BlobLayout layout(bytes, "image p"); });
  };
  for (const size_t size :
       {size_t{0}, size_t{7}, size_t{20}, blob.size() - 1}) {
    EXPECT_NE(
        parse(blob.substr(0, size)).find("image p is no safetensors image"),
        std::string::npos)
        << size;
  }
  std::string other = blob;
  other.replace(other.find("[2,3]"), 5, "[3,3]");
  EXPECT_NE(parse(other).find("not that of its bytes"), std::string::npos);
  other = blob;
  other.replace(other.find("U16"), 3, "U64");
  EXPECT_NE(parse(other).find("no pixel type"), std::string::npos);
}

void put(ShardWriter& writer, const std::string& key, std::string_view blob) {
  writer.put({key, ShardValue(blob), sha256_hex(blob)});
}

std::string found_in(const ShardWriter& writer, const std::string& key) {
  const auto entry = writer.find(key);
  return entry ? std::string(entry->value.bytes()) : "not there";
}

TEST(Shards, ReadBackWhatWasWritten) {
  const TemporaryFolder folder;
  {
    ShardWriter writer(folder.path(), {});
    put(writer, "b", "two");
    put(writer, "a", "one");
    EXPECT_EQ(found_in(writer, "a"), "not there");
    writer.commit();
    EXPECT_EQ(found_in(writer, "a"), "one");
    EXPECT_EQ(writer.find("a")->sha256, sha256_hex("one"));
    EXPECT_EQ(writer.size(), 2);
    writer.finish();
    EXPECT_EQ(found_in(writer, "a"), "one");
    EXPECT_EQ(writer.find("a")->sha256, sha256_hex("one"));
    EXPECT_EQ(writer.size(), 2);
  }
  const ShardReader reader(folder.path());
  EXPECT_EQ(reader.size(), 2);
  EXPECT_EQ(reader.keys(), (std::vector<std::string>{"a", "b"}));
  std::string found;
  EXPECT_TRUE(reader.read("b", [&](auto blob) { found = blob; }));
  EXPECT_EQ(found, "two");
  EXPECT_FALSE(reader.read("c", [](auto) {}));
}

TEST(Shards, BeginANewEnvironmentAtTheBound) {
  const TemporaryFolder folder;
  {
    ShardWriter writer(
        folder.path(),
        {.max_environment_bytes = 1 << 20, .max_pending_bytes = 1 << 18});
    for (int i = 0; i < 40; ++i) {
      put(writer, std::to_string(i), std::string(100'000, 'x'));
    }
    writer.finish();
  }
  EXPECT_TRUE(fs::exists(folder.path() / "00002" / "data.mdb"));
  EXPECT_EQ(count_environments(folder.path()), 4);
  const ShardReader reader(folder.path());
  EXPECT_EQ(reader.size(), 40);
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(reader.read(std::to_string(i), [](auto blob) {
      EXPECT_EQ(blob.size(), 100'000U);
    }));
  }
}

TEST(Shards, KeepWhatWasCommittedWhenTheWriterIsKilled) {
  const TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    ShardWriter writer(
        folder.path(),
        {.max_environment_bytes = 1 << 21, .max_pending_bytes = 1 << 16});
    for (int i = 0;; ++i) {
      put(writer, std::to_string(i), std::string(50'000, 'z'));
    }
  }
  // Two environments are complete, and the third has begun.
  const fs::path list = environment_path(folder.path(), 2) / "data.mdb.jsonl";
  std::error_code error;
  while (!fs::exists(list) || fs::file_size(list, error) == 0) {
    usleep(1000);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ShardWriter writer(folder.path(), {});
  EXPECT_GT(writer.size(), 80);
  for (int i = 0; i < writer.size(); ++i) {
    EXPECT_EQ(found_in(writer, std::to_string(i)), std::string(50'000, 'z'));
  }
  put(writer, "more", "x");
  writer.commit();
  EXPECT_EQ(found_in(writer, "more"), "x");
}

// What LMDB's library wrote here before is gone on with in another environment.
TEST(Shards, GoOnBehindEnvironmentsThatAreComplete) {
  const TemporaryFolder folder;
  LmdbLibrary(environment_path(folder.path(), 0)).put({{"a", "one"}});
  {
    ShardWriter writer(folder.path(), {});
    EXPECT_EQ(found_in(writer, "a"), "one");
    put(writer, "b", "two");
    writer.finish();
  }
  const ShardReader reader(folder.path());
  EXPECT_EQ(reader.keys(), (std::vector<std::string>{"a", "b"}));
}

// Pages of the file in memory.
int64_t num_cached(const fs::path& file) {
  const auto size = fs::file_size(file);
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  std::vector<unsigned char> pages((size + 4095) / 4096);
  EXPECT_EQ(::mincore(map, size, pages.data()), 0);
  ::munmap(map, size);
  ::close(descriptor);
  return std::count_if(
      pages.begin(), pages.end(), [](auto page) { return (page & 1) != 0; });
}

TEST(Shards, AreReadAheadWhereTheyAreExpected) {
  constexpr int64_t kValuePages = 100;
  const TemporaryFolder folder;
  {
    ShardWriter writer(folder.path(), {});
    for (const auto* key : {"a", "b", "c"}) {
      put(writer, key, std::string(kValuePages * 4096 - 16, 'x'));
    }
    writer.finish();
  }
  const fs::path file = folder.path() / "00000" / "data.mdb";
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
  if (num_cached(file) >= kValuePages) {
    GTEST_SKIP() << "this file system keeps what it has in memory";
  }
  const ShardReader reader(folder.path());
  reader.expect("not there");
  EXPECT_LT(num_cached(file), kValuePages);
  reader.expect("b");
  for (int i = 0; num_cached(file) < kValuePages && i < 1000; ++i) {
    usleep(10'000);
  }
  EXPECT_GE(num_cached(file), kValuePages);
  EXPECT_LT(num_cached(file), 2 * kValuePages);
}

TEST(Shards, HaveOneWriter) {
  const TemporaryFolder folder;
  const ShardWriter writer(folder.path(), {});
  EXPECT_NE(
      error_of([&] {
        const ShardWriter second(folder.path(), {});
      }).find("another process"),
      std::string::npos);
}

TEST(Shards, NameAFileThatIsCutShort) {
  const TemporaryFolder folder;
  {
    ShardWriter writer(folder.path(), {});
    for (int i = 0; i < 20; ++i) {
      put(writer, std::to_string(i), std::string(50'000, 'z'));
    }
    writer.finish();
  }
  fs::resize_file(folder.path() / "00000" / "data.mdb", 500'000);
  EXPECT_NE(
      error_of([&] {
        const ShardReader reader(folder.path());
      }).find("cut short"),
      std::string::npos);
  std::ofstream(folder.path() / "00000" / "data.mdb") << "no database at all";
  EXPECT_NE(
      error_of([&] { const ShardReader reader(folder.path()); }).find("00000"),
      std::string::npos);
  EXPECT_THROW(const ShardReader reader(folder.path() / "x"), Error);
}

}  // namespace
}  // namespace nadir::data
