#include "core/file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/hash.h"

namespace nadir {
namespace {

namespace fs = std::filesystem;

TEST(File, WriteReplacesTheWholeFileAndLeavesNothingBeside) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a" / "b.txt";
  write_file(path, "a long first version");
  write_file(path, std::string("\0two", 4));
  EXPECT_EQ(read_file(path), std::string("\0two", 4));
  EXPECT_EQ(
      std::distance(
          fs::directory_iterator(path.parent_path()), fs::directory_iterator{}),
      1);
}

TEST(File, AFailedWriteKeepsTheOldFile) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "kept.txt";
  write_file(path, "old");
  EXPECT_THROW(
      write_file_with(
          path,
          [](const fs::path& temporary) {
            std::ofstream(temporary) << "half";
            fail(ErrorCode::kIo, "disk full");
          }),
      Error);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(
      std::distance(
          fs::directory_iterator(folder.path()), fs::directory_iterator{}),
      1);
}

TEST(File, MissingFilesAndFoldersAreNamed) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "none.txt";
  try {
    (void)read_file(path);
    FAIL() << "read a missing file";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
  }
  EXPECT_THROW((void)read_file(folder.path()), Error);
}

TEST(File, IsReadWholeWhateverItsSizeSays) {
  const TemporaryFolder folder;
  const std::string bytes(100'000, 'x');
  write_file(folder.path() / "large", bytes);
  EXPECT_EQ(read_file(folder.path() / "large"), bytes);
  write_file(folder.path() / "empty", "");
  EXPECT_EQ(read_file(folder.path() / "empty"), "");
  // The kernel says 0 bytes for its own files.
  EXPECT_TRUE(read_file("/proc/self/status").starts_with("Name:"));
}

TEST(File, WhatCannotBeWrittenIsSaidBeforeTheWork) {
  const TemporaryFolder folder;
  check_writable_file(folder.path() / "new" / "result.json");
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_THROW(check_writable_file(folder.path()), Error);
  write_file(folder.path() / "file", "");
  EXPECT_THROW(check_writable_file(folder.path() / "file" / "a.json"), Error);
  EXPECT_THROW(check_writable_file(folder.path() / "file/b/a.json"), Error);
}

TEST(TemporaryFolder, IsRemovedWithItsContent) {
  fs::path path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    write_file(path / "x" / "y", "z");
    EXPECT_TRUE(fs::exists(path / "x" / "y"));
  }
  EXPECT_FALSE(fs::exists(path));
}

// Test vectors of FIPS 180-4, RFC 1321 and RFC 3720.
TEST(Hash, EqualsPublishedVectors) {
  EXPECT_EQ(
      sha256_hex("abc"),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Hasher md5(Hasher::Kind::kMd5);
  md5.update("message ");
  md5.update("digest");
  EXPECT_EQ(md5.hex(), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
}

TEST(Hash, OfAFileEqualsThatOfItsBytes) {
  const TemporaryFolder folder;
  const std::string bytes(3'000'000, 'x');
  write_file(folder.path() / "f", bytes);
  EXPECT_EQ(
      file_hash_hex(Hasher::Kind::kSha256, folder.path() / "f"),
      sha256_hex(bytes));
}

}  // namespace
}  // namespace nadir
