#include "store/remote_output.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "store/fake_s3.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

class RemoteOutputTest : public testing::Test {
 protected:
  RemoteFiles remote_files() {
    RemoteOptions options;
    options.cache = folder_.path().string();
    return RemoteFiles(options, fake_.environment());
  }

  FakeS3 fake_;
  TemporaryFolder folder_;
};

TEST_F(RemoteOutputTest, OnThisHostItIsThePathItself) {
  auto remote = remote_files();
  RemoteOutput output(remote, "/some/where.parquet");
  EXPECT_EQ(output.path(), "/some/where.parquet");
  output.publish();
  EXPECT_EQ(fake_.num_requests("PUT"), 0U);
}

TEST_F(RemoteOutputTest, AFileIsCopiedWhenItIsComplete) {
  auto remote = remote_files();
  RemoteOutput output(remote, "s3://my-bucket/out/index.parquet");
  write_file(output.path(), "rows");
  EXPECT_TRUE(fake_.objects().empty());
  output.publish();
  EXPECT_EQ(fake_.objects().at("out/index.parquet"), "rows");
  EXPECT_FALSE(fs::exists(output.path()));
}

TEST_F(RemoteOutputTest, TheMarkOfAFolderComesLast) {
  auto remote = remote_files();
  RemoteOutput output(remote, "s3://my-bucket/ben", {"dataset.json"});
  write_file(fs::path(output.path()) / "dataset.json", "{}");
  write_file(fs::path(output.path()) / "shards" / "x", "bytes");
  std::vector<std::string> order;
  fake_.set_fault(
      [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
        order.push_back(request.method + " " + request.target);
        return std::nullopt;
      });
  output.publish();
  ASSERT_EQ(order.size(), 2U);
  EXPECT_EQ(order[0], "PUT /my-bucket/ben/shards/x");
  EXPECT_EQ(order[1], "PUT /my-bucket/ben/dataset.json");
}

TEST_F(RemoteOutputTest, WhatIsThereIsMetAndNotCopiedBack) {
  fake_.put("ben/dataset.json", "old");
  auto remote = remote_files();
  RemoteOutput output(remote, "s3://my-bucket/ben", {"dataset.json"});
  EXPECT_EQ(read_file(fs::path(output.path()) / "dataset.json"), "old");
  output.publish();
  EXPECT_EQ(fake_.num_requests("PUT"), 0U);
}

TEST_F(RemoteOutputTest, ABucketAloneIsRefused) {
  auto remote = remote_files();
  EXPECT_THROW(RemoteOutput(remote, "s3://my-bucket"), Error);
  EXPECT_THROW(RemoteOutput(remote, "s3://my-bucket/a/"), Error);
}

}  // namespace
}  // namespace nadir::store
