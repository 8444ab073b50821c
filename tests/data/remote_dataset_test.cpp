// Datasets and archives that lie in S3, read as they lie here.
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "data/dataset.h"
#include "data/fixtures.h"
#include "data/pack.h"
#include "store/fake_s3.h"
#include "store/upload.h"

namespace nadir::data {
namespace {

class RemoteDatasetTest : public testing::Test {
 protected:
  // Packs twelve pictures, and copies the dataset into the store.
  void SetUp() override {
    for (int i = 0; i < 12; ++i) {
      const std::string name = std::to_string(i) + ".png";
      make_png(
          folder_.path() / "pictures" / (i % 2 == 0 ? "even" : "odd") / name,
          3,
          i);
    }
    PackOptions options;
    options.source = (folder_.path() / "pictures").string();
    options.out = folder_.path() / "packed";
    (void)pack_dataset(options);
    store::upload_files(
        *fake_.s3(), store::files_below(options.out, {"my-bucket", "packed"}));
  }

  DatasetOptions remote_options(const std::string& path) {
    store::RemoteOptions options;
    options.cache = (folder_.path() / "cache").string();
    DatasetOptions dataset;
    dataset.data = path;
    dataset.remote =
        std::make_shared<store::RemoteFiles>(options, fake_.environment());
    return dataset;
  }

  // Range requests so far.
  size_t num_fetches() { return fake_.num_requests("GET"); }

  TemporaryFolder folder_;
  store::FakeS3 fake_;
};

void expect_equal(const Dataset& found, const Dataset& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  EXPECT_EQ(found.bands(), wanted.bands());
  EXPECT_EQ(found.class_names(), wanted.class_names());
  for (int64_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found.name(i), wanted.name(i));
    const auto image = found.read(i);
    const auto same = wanted.read(i);
    for (int64_t band = 0; band < image.num_bands(); ++band) {
      const auto pixels = image.band<uint8_t>(band);
      const auto others = same.band<uint8_t>(band);
      EXPECT_TRUE(std::equal(
          pixels.begin(), pixels.end(), others.begin(), others.end()));
    }
  }
}

TEST_F(RemoteDatasetTest, IsTheSameAsHere) {
  const auto remote = open_dataset(remote_options("s3://my-bucket/packed"));
  DatasetOptions local;
  local.data = (folder_.path() / "packed").string();
  expect_equal(*remote, *open_dataset(local));
  EXPECT_NE(
      remote->description().find("s3://my-bucket/packed"), std::string::npos);
}

TEST_F(RemoteDatasetTest, OnceReadItIsNotFetchedAgain) {
  const auto options = remote_options("s3://my-bucket/packed");
  const auto dataset = open_dataset(options);
  const auto read_all = [&] {
    for (int64_t i = 0; i < dataset->size(); ++i) {
      (void)dataset->read(i);
    }
  };
  read_all();
  const auto before = num_fetches();
  read_all();
  EXPECT_EQ(num_fetches(), before);
}

TEST_F(RemoteDatasetTest, WhatIsExpectedIsTheSame) {
  const auto dataset = open_dataset(remote_options("s3://my-bucket/packed"));
  DatasetOptions local;
  local.data = (folder_.path() / "packed").string();
  for (int64_t i = 0; i < dataset->size(); ++i) {
    dataset->expect(i);
    dataset->expect(i);  // twice costs nothing
  }
  expect_equal(*dataset, *open_dataset(local));
}

TEST_F(RemoteDatasetTest, AnImageThatCannotBeHadIsNamed) {
  const auto dataset = open_dataset(remote_options("s3://my-bucket/packed"));
  fake_.set_fault([](const ServedRequest&) {
    return ServedAnswer{403, "<Error><Code>AccessDenied</Code></Error>"};
  });
  dataset->expect(11);
  const std::string error = error_of([&] {
    for (int64_t i = 0; i < dataset->size(); ++i) {
      (void)dataset->read(i);
    }
  });
  // All twelve may lie on pages that are here already.
  EXPECT_TRUE(
      error == "no error" ||
      error.find("s3://my-bucket/packed/shards/00000/data.mdb") !=
          std::string::npos)
      << error;
}

TEST_F(RemoteDatasetTest, FoldersOfPicturesAreCopiedFirst) {
  store::upload_files(
      *fake_.s3(),
      store::files_below(
          folder_.path() / "pictures", {"my-bucket", "pictures"}));
  const auto remote = open_dataset(remote_options("s3://my-bucket/pictures"));
  DatasetOptions local;
  local.data = (folder_.path() / "pictures").string();
  expect_equal(*remote, *open_dataset(local));
}

TEST_F(RemoteDatasetTest, NothingThereIsNotFound) {
  EXPECT_NE(
      error_of([&] {
        (void)open_dataset(remote_options("s3://my-bucket/nothing"));
      }).find("there is nothing there"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::data
