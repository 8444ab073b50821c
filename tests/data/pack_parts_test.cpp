#include "data/pack_parts.h"

#include <atomic>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "core/signals.h"
#include "data/dataset.h"
#include "data/fixtures.h"
#include "data/labels.h"
#include "data/part_set.h"
#include "data/patch_fixtures.h"
#include "data/verify.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

// Eleven patches with two bands and their index, which leaves one out and
// lists one that is not there.
class PackParts : public testing::Test {
 protected:
  PackParts() {
    table::TextColumn names;
    table::TextColumn splits;
    table::TextListColumn labels;
    Files files;
    for (int i = 0; i < 12; ++i) {
      const auto name = fmt::format("S2A_MSIL2A_20170613T101031_{}_7", 20 + i);
      if (i != 5) {
        const std::string place = "patches/" + name + "/" + name;
        files.emplace_back(place + "_B02.tif", band_bytes("B02", 100 * i));
        files.emplace_back(place + "_B05.tif", band_bytes("B05", 7 * i));
      }
      if (i != 8) {
        names.emplace_back(name);
        splits.emplace_back(i % 3 == 0 ? "train" : "test");
        labels.emplace_back(
            table::TextList{labels_19()[static_cast<size_t>(i)]});
      }
    }
    unpack(folder_.path(), files);
    pack(folder_.path() / "patches.tar.gz", files, "gzip");
    table::Table table;
    table.columns.push_back({"name", std::move(names)});
    table.columns.push_back({"new_labels", std::move(labels)});
    table.columns.push_back({"original_split", std::move(splits)});
    table::write_parquet(
        folder_.path() / "i.parquet", table, {{"kept", "as it is"}});
  }

  [[nodiscard]] PackOptions options(
      Part part,
      const std::string& out = "out",
      const std::string& source = "patches") const {
    PackOptions options;
    options.source = (folder_.path() / source).string();
    options.index = (folder_.path() / "i.parquet").string();
    options.out = folder_.path() / out;
    options.bands = {"B05", "B02"};
    options.max_bad = 1;
    options.num_threads = 1;
    options.part = part;
    return options;
  }

  // The same bytes of description and index, the same pixels in order.
  void expect_like(const fs::path& out, const fs::path& alone) const {
    for (const char* file : {kDatasetFile, kIndexFile}) {
      EXPECT_TRUE(read_file(out / file) == read_file(alone / file)) << file;
    }
    DatasetOptions of_parts;
    of_parts.data = out.string();
    DatasetOptions of_one;
    of_one.data = alone.string();
    const auto dataset = open_dataset(of_parts);
    const auto expected = open_dataset(of_one);
    ASSERT_EQ(dataset->size(), expected->size());
    for (int64_t i = 0; i < expected->size(); ++i) {
      EXPECT_EQ(dataset->name(i), expected->name(i));
      const auto image = dataset->read(i);
      const auto other = expected->read(i);
      EXPECT_TRUE(std::equal(
          image.bytes().begin(), image.bytes().end(), other.bytes().begin()));
    }
    VerifyOptions verify;
    verify.source = out.string();
    EXPECT_TRUE(verify_source(verify).bad.empty());
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(out)) {
      left.push_back(entry.path().filename().string());
    }
    std::sort(left.begin(), left.end());
    EXPECT_EQ(
        left,
        (std::vector<std::string>{kDatasetFile, kIndexFile, kShardsFolder}));
  }

  TemporaryFolder folder_;
};

TEST_F(PackParts, TogetherAreTheDatasetOfOneProcess) {
  for (const std::string source : {"patches", "patches.tar.gz"}) {
    const auto alone = pack_dataset(options({}, "alone " + source, source));
    // Thirteen parts of eleven images: some are empty.
    for (const int64_t count : {3, source == "patches" ? 13 : 2}) {
      const auto out = fmt::format("{} {}", source, count);
      PackPartResult last;
      for (int64_t number = count; number >= 1; --number) {
        EXPECT_FALSE(last.is_merged);
        last = pack_dataset_part(options({number, count}, out, source));
      }
      EXPECT_TRUE(last.is_merged);
      EXPECT_EQ(last.pack.num_packed, alone.num_packed);
      EXPECT_EQ(last.pack.num_unlisted, alone.num_unlisted);
      expect_like(folder_.path() / out, folder_.path() / ("alone " + source));
    }
  }
}

TEST_F(PackParts, OfAFolderOfImagesAreTheDatasetOfOneProcess) {
  const fs::path images = folder_.path() / "images";
  for (int i = 0; i < 5; ++i) {
    make_png(images / (i < 2 ? "a" : "b") / fmt::format("{}.png", i), 3, i);
  }
  auto one = options({}, "alone", "images");
  one.index = "";
  one.bands = {};
  (void)pack_dataset(one);
  for (int64_t number = 1; number <= 2; ++number) {
    one.out = folder_.path() / "out";
    one.part = {number, 2};
    EXPECT_EQ(pack_dataset_part(one).is_merged, number == 2);
  }
  expect_like(folder_.path() / "out", folder_.path() / "alone");
}

TEST_F(PackParts, AreNotMadeAgainAndNeitherIsTheDataset) {
  EXPECT_EQ(
      pack_dataset_part(options({1, 2})).missing, (std::vector<int64_t>{2}));
  EXPECT_TRUE(pack_dataset_part(options({1, 2})).was_complete);
  EXPECT_TRUE(pack_dataset_part(options({2, 2})).is_merged);
  EXPECT_TRUE(pack_dataset_part(options({2, 2})).pack.was_complete);
  EXPECT_TRUE(pack_dataset(options({})).was_complete);
}

TEST_F(PackParts, RefuseWhatDoesNotGoTogether) {
  (void)pack_dataset_part(options({1, 2}));
  auto other = options({2, 2});
  other.bands = {"B02"};
  const auto error = error_of([&] { (void)pack_dataset_part(other); });
  EXPECT_NE(
      error.find("bands is [\"B05\",\"B02\"] there and [\"B02\"] here"),
      std::string::npos)
      << error;
  EXPECT_NE(
      error_of([&] {
        (void)pack_dataset_part(options({1, 3}));
      }).find("holds parts of 2"),
      std::string::npos);
  EXPECT_NE(
      error_of([&] { (void)pack_dataset(options({})); }).find("no dataset"),
      std::string::npos);
  write_file(folder_.path() / "mine" / "notes.txt", "mine");
  EXPECT_NE(
      error_of([&] {
        (void)pack_dataset_part(options({1, 2}, "mine"));
      }).find("no dataset"),
      std::string::npos);
  EXPECT_FALSE(
      fs::exists(PartSet::of_folder(folder_.path() / "mine").path({1, 2})));
}

TEST_F(PackParts, AMissingOneIsNamed) {
  (void)pack_dataset_part(options({3, 3}));
  const auto error =
      error_of([&] { (void)merge_dataset_parts(folder_.path() / "out", 0); });
  EXPECT_NE(error.find("1, 2"), std::string::npos) << error;
}

// A merge that is ended between two renames leaves some shards in their last
// places.
TEST_F(PackParts, AMergeThatWasEndedGoesOn) {
  (void)pack_dataset(options({}, "alone"));
  (void)pack_dataset_part(options({1, 2}));
  const fs::path out = folder_.path() / "out";
  const auto first = PartSet::of_folder(out).path({1, 2});
  make_folder(out / kShardsFolder);
  fs::rename(first / kShardsFolder / "00000", out / kShardsFolder / "00000");
  EXPECT_TRUE(pack_dataset_part(options({2, 2})).is_merged);
  expect_like(out, folder_.path() / "alone");
}

TEST_F(PackParts, AnInterruptedOneGoesOn) {
  (void)pack_dataset(options({}, "alone"));
  catch_signals();
  std::raise(SIGUSR1);
  EXPECT_TRUE(pack_dataset_part(options({2, 2})).pack.is_interrupted);
  forget_signal();
  EXPECT_FALSE(pack_dataset_part(options({1, 2})).is_merged);
  const auto result = pack_dataset_part(options({2, 2}));
  EXPECT_TRUE(result.is_merged);
  EXPECT_GT(result.pack.num_resumed, 0);
  expect_like(folder_.path() / "out", folder_.path() / "alone");
}

TEST_F(PackParts, TheLimitOfBadImagesHoldsForTheSum) {
  fs::remove_all(folder_.path() / "patches/S2A_MSIL2A_20170613T101031_21_7");
  (void)pack_dataset_part(options({1, 2}));
  const auto error = error_of([&] {
    (void)pack_dataset_part(options({2, 2}));
  });
  EXPECT_NE(error.find("2 patch(es)"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(folder_.path() / "out" / kDatasetFile));
  EXPECT_EQ(
      merge_dataset_parts(folder_.path() / "out", 2).info.problems.size(), 2U);
}

TEST_F(PackParts, ThatEndAtOnceAreMergedOnce) {
  (void)pack_dataset(options({}, "alone"));
  std::atomic<int> num_merged = 0;
  std::vector<std::thread> threads;
  for (int64_t number = 1; number <= 4; ++number) {
    threads.emplace_back([&, number] {
      num_merged += pack_dataset_part(options({number, 4})).is_merged ? 1 : 0;
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(num_merged, 1);
  expect_like(folder_.path() / "out", folder_.path() / "alone");
}

}  // namespace
}  // namespace nadir::data
