#include "eval/feature_parts.h"

#include <atomic>
#include <thread>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "data/part_set.h"
#include "eval/fake_dataset.h"
#include "eval/feature_file.h"

namespace nadir::eval {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string> kProvenance = {
    {"weights", "/here/w"}, {"weights_sha256", "0123"}};

// Row i of the set is (i, 2 i), by the images' names.
at::Tensor telling_features(const ImageSet& own) {
  auto rows = at::empty({own.size(), 2}, at::kFloat);
  for (int64_t n = 0; n < own.size(); ++n) {
    const auto number = static_cast<float>(own.indices[n]);
    rows[n][0] = number;
    rows[n][1] = 2 * number;
  }
  return rows;
}

class FeatureParts : public testing::Test {
 protected:
  [[nodiscard]] FeaturePartResult make(
      Part part,
      const fs::path& out,
      const std::map<std::string, std::string>& provenance =
          kProvenance) const {
    return make_feature_part(
        images_, part, 3, 2, provenance, out, telling_features);
  }

  TemporaryFolder folder_;
  const ImageSet images_ =
      unlabelled_images(std::make_shared<FakeDataset>(14, true, false), "", 0);
};

TEST_F(FeatureParts, TogetherAreTheFileOfOneProcess) {
  for (const char* ending : {".parquet", ".safetensors", ".npy"}) {
    const auto alone = folder_.path() / (std::string("alone") + ending);
    write_features(
        make_feature_table(images_, telling_features(images_), kProvenance),
        alone);
    // Batches of 3: with nine parts some are empty.
    for (const int64_t count : {2, 3, 9}) {
      const auto out = folder_.path() / (std::to_string(count) + ending);
      FeaturePartResult last;
      for (int64_t number = count; number >= 1; --number) {
        EXPECT_FALSE(last.is_merged);
        last = make({number, count}, out);
      }
      EXPECT_TRUE(last.is_merged);
      EXPECT_EQ(last.num_images, 14);
      EXPECT_TRUE(read_file(out) == read_file(alone)) << out;
      EXPECT_EQ(data::PartSet::of_file(out).find().count, 0);
    }
  }
  EXPECT_TRUE(
      read_file(folder_.path() / "3.npy.names.txt") ==
      read_file(folder_.path() / "alone.npy.names.txt"));
}

TEST_F(FeatureParts, AreNotMadeAgainAndMissingOnesAreNamed) {
  const auto out = folder_.path() / "f.parquet";
  EXPECT_EQ(make({2, 3}, out).missing, (std::vector<int64_t>{1, 3}));
  EXPECT_TRUE(make({2, 3}, out).was_complete);
  try {
    (void)merge_feature_parts(out);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("1, 3"), std::string::npos);
  }
  // Where the weights lie is no matter; which they are is.
  auto elsewhere = kProvenance;
  elsewhere["weights"] = "/there/w";
  EXPECT_FALSE(make({1, 3}, out, elsewhere).is_merged);
  auto others = kProvenance;
  others["weights_sha256"] = "4567";
  EXPECT_THROW((void)make({3, 3}, out, others), Error);
  EXPECT_TRUE(make({3, 3}, out).is_merged);
}

TEST_F(FeatureParts, ThatEndAtOnceAreMergedOnce) {
  const auto out = folder_.path() / "f.parquet";
  std::atomic<int> num_merged = 0;
  std::vector<std::thread> threads;
  for (int64_t number = 1; number <= 4; ++number) {
    threads.emplace_back([&, number] {
      num_merged += make({number, 4}, out).is_merged ? 1 : 0;
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(num_merged, 1);
  EXPECT_TRUE(fs::exists(out));
}

}  // namespace
}  // namespace nadir::eval
