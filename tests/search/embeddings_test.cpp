#include "search/embeddings.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::search {
namespace {

TEST(Embeddings, HaveLengthOneAndNames) {
  const Embeddings embeddings({"a", "b"}, 2, {3, 4, 0, -2});
  EXPECT_FLOAT_EQ(embeddings.row(0)[0], 0.6F);
  EXPECT_FLOAT_EQ(embeddings.row(0)[1], 0.8F);
  EXPECT_FLOAT_EQ(embeddings.row(1)[1], -1);
  EXPECT_EQ(embeddings.row_of("b"), 1);
  EXPECT_EQ(embeddings.find("c"), std::nullopt);
}

TEST(Embeddings, ForgetWhatAllImagesShareWhereAskedTo) {
  const Embeddings embeddings(
      {"a", "b", "mean"}, 2, {101, 100, 99, 100, 100, 100}, true);
  EXPECT_NEAR(embeddings.row(0)[0], 1, 1e-6);
  EXPECT_NEAR(embeddings.row(1)[0], -1, 1e-6);
  EXPECT_EQ(embeddings.row(2)[0], 0);
}

TEST(Embeddings, GiveNoDirectionToRoundingErrors) {
  // The same three rows, whose mean differs from them by rounding.
  const Embeddings embeddings(
      {"a", "b", "c"}, 2, {.1F, .7F, .1F, .7F, .1F, .7F}, true);
  for (int64_t row = 0; row < 3; ++row) {
    EXPECT_EQ(embeddings.row(row)[0], 0);
    EXPECT_EQ(embeddings.row(row)[1], 0);
  }
}

TEST(Embeddings, BringOtherFeaturesToWhereTheirsAre) {
  const Embeddings embeddings({"a", "b"}, 2, {10, 4, 12, 0}, true);
  for (const int64_t row : {0, 1}) {
    const auto direction = embeddings.direction_of(
        row == 0 ? std::vector<float>{10, 4} : std::vector<float>{12, 0});
    EXPECT_FLOAT_EQ(direction[0], embeddings.row(row)[0]);
    EXPECT_FLOAT_EQ(direction[1], embeddings.row(row)[1]);
  }
  const std::vector<float> mean = {11, 2};
  EXPECT_THROW(static_cast<void>(embeddings.direction_of(mean)), Error);
  const std::vector<float> wide = {1, 2, 3};
  EXPECT_THROW(static_cast<void>(embeddings.direction_of(wide)), Error);
}

TEST(Embeddings, NameTheImageNearestToAnUnknownOne) {
  const Embeddings embeddings({"patch_1", "field"}, 1, {1, 1});
  try {
    static_cast<void>(embeddings.row_of("patch_2"));
    FAIL() << "an unknown name was found";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("patch_1"), std::string::npos);
  }
}

TEST(Embeddings, RefuseWhatHasNoDirection) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {0.0F, kInfinity, std::nanf("")}) {
    EXPECT_THROW(Embeddings({"a", "b"}, 2, {1, 1, bad, 0}), Error) << bad;
  }
  EXPECT_THROW(Embeddings({}, 2, {}), Error);
}

TEST(Embeddings, AreReadFromTheFileThatEmbedWrites) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "e.parquet";
  table::Table table;
  table.columns.push_back({"name", table::TextColumn{"x", "y"}});
  table.columns.push_back(
      {"features", table::FloatRowsColumn{2, {0, 5, 1, 0}}});
  table.columns.push_back({"geometry", table::BytesColumn{{"wkb x", "wkb y"}}});
  table::write_parquet(path, table, {{"nadir_weights", "runs/a"}});
  const auto embeddings = Embeddings::read(path, false);
  EXPECT_EQ(embeddings.size(), 2);
  EXPECT_EQ(embeddings.name(1), "y");
  EXPECT_EQ(embeddings.row(0)[1], 1);
  EXPECT_EQ(embeddings.footprint_wkb(1), "wkb y");
  EXPECT_EQ(embeddings.metadata().at("nadir_weights"), "runs/a");
  EXPECT_THROW(
      static_cast<void>(Embeddings::read(folder.path() / "e.npy", false)),
      Error);
}

}  // namespace
}  // namespace nadir::search
