#include "store/remote_files.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "store/fake_s3.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

class RemoteFilesTest : public testing::Test {
 protected:
  RemoteFiles open(int64_t cache_gb = 1) {
    RemoteOptions options;
    options.cache = folder_.path().string();
    options.cache_gb = cache_gb;
    return RemoteFiles(options, fake_.environment());
  }

  FakeS3 fake_;
  TemporaryFolder folder_;
};

TEST_F(RemoteFilesTest, PathsOfThisHostAreLeftAlone) {
  // No credentials and no network are asked for.
  RemoteFiles remote({}, environment_with({}));
  EXPECT_EQ(remote.input("/some/file"), "/some/file");
  EXPECT_EQ(remote.input(""), "");
}

TEST_F(RemoteFilesTest, ObjectsAndFoldersAreCopiedOnce) {
  fake_.put("d/a.txt", "one");
  fake_.put("d/sub/b.txt", "two");
  auto remote = open();
  const fs::path folder = remote.input("s3://my-bucket/d");
  EXPECT_EQ(read_file(folder / "a.txt"), "one");
  EXPECT_EQ(read_file(folder / "sub" / "b.txt"), "two");
  const auto before = fake_.num_requests("GET");
  EXPECT_EQ(remote.input("s3://my-bucket/d/"), folder.string());
  EXPECT_EQ(read_file(remote.input("s3://my-bucket/d/a.txt")), "one");
  EXPECT_EQ(fake_.num_requests("GET"), before + 1);  // the list
}

TEST_F(RemoteFilesTest, AChangedObjectIsCopiedAgain) {
  fake_.put("a.txt", "one");
  auto remote = open();
  (void)remote.input("s3://my-bucket/a.txt");
  fake_.put("a.txt", "three");
  EXPECT_EQ(read_file(remote.input("s3://my-bucket/a.txt")), "three");
}

TEST_F(RemoteFilesTest, WhatIsNotThereIsNotFound) {
  auto remote = open();
  EXPECT_FALSE(remote.exists("s3://my-bucket/x"));
  try {
    (void)remote.input("s3://my-bucket/x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

TEST_F(RemoteFilesTest, MoreThanTheCacheMayHoldIsRefused) {
  fake_.put("d/a", "x");
  auto remote = open(0);
  try {
    (void)remote.input("s3://my-bucket/d");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find("raise --cache-gb"), std::string::npos);
  }
}

TEST_F(RemoteFilesTest, CopiesOfLongAgoMakeRoom) {
  fake_.put("old", std::string(1 << 20, 'o'));
  fake_.put("new", std::string(1 << 20, 'n'));
  auto remote = open();
  const std::string old_copy = remote.input("s3://my-bucket/old");
  // A file with holes takes no room but what is written; this one is full.
  const fs::path other = fs::path(old_copy).parent_path() / "other";
  write_file(other, "lately used");
  const timespec ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, old_copy.c_str(), ago, 0), 0);
  RemoteOptions tight;
  tight.cache = folder_.path().string();
  tight.cache_gb = 1;
  // As if the bound were just what is here: a gibibyte that is used now.
  const fs::path filler = fs::path(old_copy).parent_path() / "filler";
  write_file(filler, "");
  const int file = ::open(filler.c_str(), O_WRONLY);
  ASSERT_EQ(::posix_fallocate(file, 0, (1 << 30) - (1 << 20)), 0);
  ::close(file);
  RemoteFiles again(tight, fake_.environment());
  (void)again.input("s3://my-bucket/new");
  EXPECT_FALSE(fs::exists(old_copy));
  EXPECT_TRUE(fs::exists(other));
}

TEST_F(RemoteFilesTest, SomeOfAFolder) {
  fake_.put("d/a", "x");
  fake_.put("d/b", "y");
  auto remote = open();
  const fs::path folder = remote.input_files("s3://my-bucket/d", {"a", "no"});
  EXPECT_TRUE(fs::exists(folder / "a"));
  EXPECT_FALSE(fs::exists(folder / "b"));
}

TEST_F(RemoteFilesTest, ChoosesFromOneListingOfAFolder) {
  fake_.put("run/old/a", "x");
  fake_.put("run/new/a", "y");
  auto remote = open();
  std::vector<std::string> seen;
  const auto choose = [&](std::vector<std::string>& names) {
    seen = names;
    std::erase(names, "old/a");
  };
  const fs::path folder = remote.input("s3://my-bucket/run", choose);
  EXPECT_EQ(seen, (std::vector<std::string>{"new/a", "old/a"}));
  EXPECT_TRUE(fs::exists(folder / "new/a"));
  EXPECT_FALSE(fs::exists(folder / "old"));
  // An object by itself is not chosen from.
  EXPECT_TRUE(fs::exists(remote.input("s3://my-bucket/run/old/a", choose)));
}

}  // namespace
}  // namespace nadir::store
