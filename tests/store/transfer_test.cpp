// Uploads and downloads in pieces.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "store/download.h"
#include "store/fake_s3.h"
#include "store/upload.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

const Location kTarget{"my-bucket", "up/file.bin"};

TransferOptions small_parts() {
  TransferOptions options;
  options.num_connections = 4;
  options.part_bytes = 1000;
  return options;
}

std::string some_bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * 7 + i / 251);
  }
  return bytes;
}

size_t num_files_in(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Upload, FilesOfAllSizesArriveWhole) {
  FakeS3 fake;
  const TemporaryFolder folder;
  for (const size_t size : {0U, 1U, 999U, 1000U, 1001U, 5500U}) {
    const auto name = std::to_string(size);
    write_file(folder.path() / "sub" / name, some_bytes(size));
  }
  const auto files = files_below(folder.path(), {"my-bucket", "up"});
  ASSERT_EQ(files.size(), 6U);
  upload_files(*fake.s3(), files, small_parts());
  EXPECT_EQ(fake.num_uploads_left(), 0U);
  for (const size_t size : {0U, 1U, 999U, 1000U, 1001U, 5500U}) {
    EXPECT_EQ(
        fake.objects().at("up/sub/" + std::to_string(size)), some_bytes(size));
  }
}

TEST(Upload, AFailedOneLeavesNothingBehind) {
  FakeS3 fake;
  const TemporaryFolder folder;
  write_file(folder.path() / "x", some_bytes(5500));
  fake.set_fault(
      [](const ServedRequest& request) -> std::optional<ServedAnswer> {
        if (request.target.find("partNumber=4") != std::string::npos) {
          return ServedAnswer{403, "<Error><Code>AccessDenied</Code></Error>"};
        }
        return std::nullopt;
      });
  EXPECT_THROW(
      upload_files(*fake.s3(), {{folder.path() / "x", kTarget}}, small_parts()),
      Error);
  EXPECT_TRUE(fake.objects().empty());
  EXPECT_EQ(fake.num_uploads_left(), 0U);
}

TEST(Upload, AFileThatIsNotThereIsNamed) {
  FakeS3 fake;
  EXPECT_THROW(upload_files(*fake.s3(), {{"/no/such/file", kTarget}}), Error);
}

TEST(Download, FilesOfAllSizesArriveWhole) {
  FakeS3 fake;
  const TemporaryFolder folder;
  for (const size_t size : {0U, 1U, 1000U, 1001U, 5500U}) {
    fake.put("d/s/" + std::to_string(size), some_bytes(size));
  }
  const auto s3 = fake.s3();
  const auto objects =
      objects_below(*s3, {"my-bucket", "d"}, folder.path() / "new");
  EXPECT_EQ(total_bytes(objects), 7502);
  download_objects(*s3, objects, small_parts());
  for (const size_t size : {0U, 1U, 1000U, 1001U, 5500U}) {
    EXPECT_EQ(
        read_file(folder.path() / "new" / "s" / std::to_string(size)),
        some_bytes(size));
  }
  EXPECT_EQ(num_files_in(folder.path() / "new" / "s"), 5U);
}

TEST(Download, WrongBytesAreRefusedAndLeaveTheOldFile) {
  FakeS3 fake;
  fake.put(kTarget.key, some_bytes(2500));
  const TemporaryFolder folder;
  const auto path = folder.path() / "file.bin";
  write_file(path, "old");
  const auto s3 = fake.s3();
  const auto object = s3->find(kTarget);
  fake.set_fault(
      [](const ServedRequest& request) -> std::optional<ServedAnswer> {
        if (request.header("range") == "bytes=1000-1999") {
          return ServedAnswer{206, std::string(1000, 'x')};
        }
        return std::nullopt;
      });
  try {
    download_objects(*s3, {{kTarget, *object, path}}, small_parts());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(
        std::string(error.what()).find(kTarget.text()), std::string::npos);
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(num_files_in(folder.path()), 1U);
}

TEST(Download, NamesThatLeaveTheFolderAreRefused) {
  FakeS3 fake;
  fake.put("d/../../etc/passwd", "x");
  const TemporaryFolder folder;
  EXPECT_THROW(
      (void)objects_below(*fake.s3(), {"my-bucket", "d"}, folder.path()),
      Error);
}

TEST(Download, AFolderMayBeLookedIntoAndHoldNothing) {
  FakeS3 fake;
  const TemporaryFolder folder;
  EXPECT_TRUE(
      find_below(*fake.s3(), {"my-bucket", "d"}, folder.path()).empty());
}

TEST(Download, AnEmptyPrefixIsNotFound) {
  FakeS3 fake;
  const TemporaryFolder folder;
  try {
    (void)objects_below(*fake.s3(), {"my-bucket", "d"}, folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

}  // namespace
}  // namespace nadir::store
