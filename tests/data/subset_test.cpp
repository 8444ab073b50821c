#include "data/subset.h"

#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/fixtures.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr char kNames[][40] = {
    "S2A_MSIL2A_20170613T101031_1_1", "S2A_MSIL2A_20170613T101031_1_2"};

class SubsetTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string name : kNames) {
      for (const char* band : {"B02", "B03", "B04", "B08"}) {
        make_tiff(
            folder_.path() / "src" / name / (name + "_" + band + ".tif"),
            telling_image<uint16_t>(1, 120, 120, band[2]));
      }
    }
    table::Table table;
    table.columns.push_back({"name", table::TextColumn{kNames[1]}});
    table.columns.push_back(
        {"new_labels", table::TextListColumn{table::TextList{"Pastures"}}});
    table.columns.push_back({"original_split", table::TextColumn{"train"}});
    table::write_parquet(folder_.path() / "i.parquet", table);
    options_.source = (folder_.path() / "src").string();
    options_.index = (folder_.path() / "i.parquet").string();
    options_.out = folder_.path() / "out";
  }

  TemporaryFolder folder_;
  SubsetOptions options_;
};

TEST_F(SubsetTest, CopiesTheIndexedPatchesByteForByte) {
  const auto result = copy_subset(options_);
  EXPECT_EQ(result.num_copied, 1);
  EXPECT_EQ(result.num_unlisted, 1);
  const std::string name = kNames[1];
  for (const char* band : {"B04", "B03", "B02"}) {
    const std::string file = name + "_" + band + ".tif";
    EXPECT_EQ(
        read_file(options_.out / "data_rgb" / name / file),
        read_file(folder_.path() / "src" / name / file));
  }
  EXPECT_FALSE(
      fs::exists(options_.out / "data_rgb" / name / (name + "_B08.tif")));
  DatasetOptions data;
  data.data = options_.out.string();
  const auto dataset = open_dataset(data);
  EXPECT_EQ(dataset->size(), 1);
  EXPECT_EQ(dataset->split(0), "train");
  EXPECT_EQ(dataset->labels(0)[4], 1);
  data.data = (options_.out / "data_rgb").string();
  EXPECT_EQ(open_dataset(data)->split(0), "train");
}

TEST_F(SubsetTest, CompletesWhatIsMissing) {
  (void)copy_subset(options_);
  const std::string name = kNames[1];
  const fs::path file = options_.out / "data_rgb" / name / (name + "_B02.tif");
  write_file(file, "half");
  (void)copy_subset(options_);
  EXPECT_EQ(
      read_file(file),
      read_file(folder_.path() / "src" / name / (name + "_B02.tif")));
}

TEST_F(SubsetTest, CountsPatchesThatOnlyTheIndexHas) {
  fs::remove_all(folder_.path() / "src" / kNames[1]);
  EXPECT_EQ(copy_subset(options_).num_missing, 1);
}

// Copying beside the source once left the user's own index with the copied
// rows alone.
TEST_F(SubsetTest, DoesNotReplaceTheIndexThatItReads) {
  const fs::path own = folder_.path() / "metadata" / "final_ben_s2.parquet";
  make_folder(own.parent_path());
  fs::rename(folder_.path() / "i.parquet", own);
  options_.index = "";
  options_.out = folder_.path();
  EXPECT_NE(
      error_of([&] { (void)copy_subset(options_); }).find("another --out"),
      std::string::npos);
  EXPECT_FALSE(fs::exists(folder_.path() / "data_rgb"));
}

TEST_F(SubsetTest, NamesBadPatches) {
  const std::string name = kNames[1];
  write_file(folder_.path() / "src" / name / (name + "_B03.tif"), "");
  const std::string error = error_of([&] { (void)copy_subset(options_); });
  EXPECT_NE(error.find(name), std::string::npos) << error;
  options_.max_bad = 1;
  const auto result = copy_subset(options_);
  EXPECT_EQ(result.num_copied, 0);
  ASSERT_EQ(result.bad.size(), 1U);
  EXPECT_EQ(result.bad[0].name, name);
}

}  // namespace
}  // namespace nadir::data
