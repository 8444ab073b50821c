#include "data/verify.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "data/patch_fixtures.h"
#include "support/shared_data.h"

namespace nadir::data {
namespace {

class VerifyFiles : public ::testing::Test {
 protected:
  VerifyFiles() {
    unpack(source_, patch_files(kPatchA) + patch_files(kPatchB));
    make_lists(lists_, {{"train", {kPatchA, kPatchC}}});
    options_.source = source_.string();
    options_.lists = lists_.string();
    options_.bands = {"B01", "B02"};
  }

  TemporaryFolder folder_;
  std::filesystem::path source_ = folder_.path() / "patches";
  std::filesystem::path lists_ = folder_.path() / "official";
  VerifyOptions options_;
};

TEST_F(VerifyFiles, ComparesNamesWithTheLists) {
  const VerifyReport report = verify_source(options_);
  EXPECT_EQ(report.num_patches, 2);
  EXPECT_TRUE(report.bad.empty());
  EXPECT_EQ(report.num_listed, 2);
  EXPECT_EQ(report.first_unlisted, std::vector<std::string>{kPatchB});
  EXPECT_EQ(report.first_missing, std::vector<std::string>{kPatchC});
}

TEST_F(VerifyFiles, NamesEveryBadPatchWithItsReason) {
  unpack(
      source_,
      {{std::string("BigEarthNet-v1.0/") + kPatchA + "/" +
            band_file_name(kPatchA, "B02"),
        band_bytes("B05")}});
  unpack(source_, patch_files(kPatchB, "{"));
  const VerifyReport report = verify_source(options_);
  ASSERT_EQ(report.bad.size(), 2U);
  EXPECT_EQ(report.bad[0].name, kPatchA);
  EXPECT_NE(report.bad[0].problem.find("60 x 60"), std::string::npos);
  EXPECT_NE(report.bad[1].problem.find("JSON"), std::string::npos);
}

TEST_F(VerifyFiles, WantsAllTwelveBandsUnlessToldOtherwise) {
  options_.bands = {};
  EXPECT_EQ(verify_source(options_).bad.size(), 2U);
  options_.reads_pixels = false;
  EXPECT_TRUE(verify_source(options_).bad.empty());
}

TEST_F(VerifyFiles, ComputesTheSumOfAnArchive) {
  const auto path = folder_.path() / "a.tar";
  pack(path, patch_files(kPatchA));
  options_.source = path.string();
  options_.computes_md5 = true;
  const VerifyReport report = verify_source(options_);
  EXPECT_EQ(report.md5.size(), 32U);
  EXPECT_EQ(report.md5_name, "");
  options_.source = source_.string();
  EXPECT_NE(
      error_of([&] { (void)verify_source(options_); }).find("--md5"),
      std::string::npos);
}

TEST(RealPatches, OfVersion1AreSound) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  VerifyOptions options;
  options.source = (shared_data() / "BigEarthNet-v1.0").string();
  options.lists = (shared_data() / "BigEarthNet-lists").string();
  const VerifyReport report = verify_source(options);
  EXPECT_EQ(report.num_patches, 11);
  EXPECT_TRUE(report.bad.empty());
  EXPECT_EQ(report.num_unlisted, 0);
}

}  // namespace
}  // namespace nadir::data
