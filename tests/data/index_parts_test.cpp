#include "data/index_parts.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "data/part_set.h"
#include "data/patch_fixtures.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

// Seven patches: one with snow, one without a 19-class label, one bad.
class IndexParts : public ::testing::Test {
 protected:
  IndexParts() {
    Files files;
    for (int i = 0; i < 7; ++i) {
      names_.push_back(
          fmt::format("S2A_MSIL2A_20170613T101031_{}_{}", 80 + i, 9 - i));
      const auto json = i == 4   ? std::string("{}")
                        : i == 5 ? json_text(patch_json({"Airports"}))
                                 : json_text(patch_json());
      files = files + patch_files(names_.back(), json);
    }
    unpack(folder_.path() / "patches", files);
    // Another order than by name.
    std::rotate(files.begin(), files.begin() + 6, files.end());
    pack(folder_.path() / "patches.tar.gz", files, "gzip");
    make_lists(
        folder_.path() / "lists",
        {{"train", {names_[0], names_[3]}},
         {"patches_with_seasonal_snow", {names_[2]}}});
  }

  [[nodiscard]] IndexOptions options(
      Part part, const std::string& source = "patches") const {
    IndexOptions options;
    options.source = (folder_.path() / source).string();
    options.lists = (folder_.path() / "lists").string();
    options.max_bad = 1;
    options.num_threads = 1;
    options.part = part;
    return options;
  }

  TemporaryFolder folder_;
  std::vector<std::string> names_;
  const fs::path out_ = folder_.path() / "index.parquet";
};

TEST_F(IndexParts, TogetherAreTheIndexOfOneProcess) {
  for (const std::string source : {"patches", "patches.tar.gz"}) {
    const auto whole = make_index(options({}, source));
    const auto alone = folder_.path() / "alone.parquet";
    write_index(alone, whole.table);
    // Nine parts of seven patches: some are empty.
    for (const int64_t count : {2, 3, 9}) {
      fs::remove(out_);
      IndexPartResult last;
      for (int64_t number = count; number >= 1; --number) {
        EXPECT_FALSE(last.is_merged);
        last = make_index_part(out_, options({number, count}, source));
      }
      EXPECT_TRUE(last.is_merged);
      EXPECT_TRUE(read_file(out_) == read_file(alone)) << source << count;
      EXPECT_EQ(last.report.num_patches, 7);
      EXPECT_EQ(last.report.num_rows, whole.report.num_rows);
      EXPECT_EQ(last.report.num_dropped, 2);
      EXPECT_EQ(last.report.num_snow, 1);
      EXPECT_EQ(last.report.num_unlabelled, 1);
      EXPECT_EQ(last.report.num_without_split, whole.report.num_without_split);
      ASSERT_EQ(last.report.bad.size(), 1U);
      EXPECT_EQ(last.report.bad[0].name, names_[4]);
      EXPECT_EQ(PartSet::of_file(out_).find().count, 0);
    }
  }
}

TEST_F(IndexParts, APartThatIsThereIsNotMadeAgain) {
  EXPECT_EQ(
      make_index_part(out_, options({2, 3})).missing,
      (std::vector<int64_t>{1, 3}));
  const auto path = PartSet::of_file(out_).path({2, 3});
  const auto time = fs::last_write_time(path);
  const auto again = make_index_part(out_, options({2, 3}));
  EXPECT_TRUE(again.was_complete);
  EXPECT_EQ(fs::last_write_time(path), time);
}

TEST_F(IndexParts, RefuseWhatDoesNotGoTogether) {
  (void)make_index_part(out_, options({1, 2}));
  const auto refusal = [&](const IndexOptions& other) {
    return error_of([&] { (void)make_index_part(out_, other); });
  };
  auto other = options({2, 2});
  other.keeps_discouraged = true;
  EXPECT_NE(
      refusal(other).find("keep_discouraged is false there and true here"),
      std::string::npos)
      << refusal(other);
  EXPECT_NE(
      refusal(options({2, 2}, "patches.tar.gz")).find("source"),
      std::string::npos);
  EXPECT_NE(
      refusal(options({2, 3})).find("holds parts of 2"), std::string::npos);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(IndexParts, MergedByHandSayWhichAreMissing) {
  EXPECT_NE(
      error_of([&] { (void)merge_index_parts(out_, 0); }).find("no parts"),
      std::string::npos);
  (void)make_index_part(out_, options({2, 3}));
  const auto error = error_of([&] { (void)merge_index_parts(out_, 0); });
  EXPECT_NE(error.find("1, 3"), std::string::npos) << error;
  // As where the parts come from hosts that share no files.
  const auto other = folder_.path() / "other" / "index.parquet";
  (void)make_index_part(other, options({1, 3}));
  (void)make_index_part(other, options({3, 3}));
  for (const int64_t number : {1, 3}) {
    fs::copy(
        PartSet::of_file(other).path({number, 3}),
        PartSet::of_file(out_).path({number, 3}));
  }
  EXPECT_EQ(merge_index_parts(out_, 0).num_patches, 7);
  const auto alone = folder_.path() / "alone.parquet";
  write_index(alone, make_index(options({})).table);
  EXPECT_TRUE(read_file(out_) == read_file(alone));
}

// Each part tolerates one; together they have two.
TEST_F(IndexParts, TheLimitOfBadPatchesHoldsForTheSum) {
  unpack(folder_.path() / "patches", patch_files(names_[3], "{}", "."));
  EXPECT_EQ(
      error_of([&] {
        (void)make_index_part(out_, options({1, 2}));
      }),
      "no error");
  const auto error = error_of([&] {
    (void)make_index_part(out_, options({2, 2}));
  });
  EXPECT_NE(error.find("2 patch(es)"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_EQ(merge_index_parts(out_, 2).bad.size(), 2U);
}

TEST_F(IndexParts, ThatEndAtOnceAreMergedOnce) {
  constexpr int64_t kCount = 4;
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> num_merged = 0;
    std::vector<std::thread> threads;
    for (int64_t number = 1; number <= kCount; ++number) {
      threads.emplace_back([&, number] {
        const auto result = make_index_part(out_, options({number, kCount}));
        num_merged += result.is_merged ? 1 : 0;
      });
    }
    for (auto& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(num_merged, 1);
    EXPECT_TRUE(fs::exists(out_));
    EXPECT_EQ(PartSet::of_file(out_).find().count, 0);
    fs::remove(out_);
  }
}

TEST_F(IndexParts, RefuseAFileThatIsNoPart) {
  write_file(PartSet::of_file(out_).path({1, 2}), "not Parquet");
  try {
    (void)make_index_part(out_, options({2, 2}));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(
        std::string(error.what()).find("part-00001-of-00002"),
        std::string::npos);
  }
}

}  // namespace
}  // namespace nadir::data
