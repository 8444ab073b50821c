#include "eval/image_groups.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "eval/fake_dataset.h"
#include "table/parquet.h"

namespace nadir::eval {
namespace {

using Names = std::vector<std::string>;
using Places = std::vector<int64_t>;

TEST(ImageGroups, AreTheSplitsTheLargestFirst) {
  const FakeDataset data(8, true, true);
  const auto groups = group_images(
      {"image2", "image0", "image3", "other"}, data, "", "", "split");
  EXPECT_EQ(groups.names, (Names{"train", "test"}));
  EXPECT_EQ(groups.sizes, (Places{2, 1}));
  EXPECT_EQ(groups.group_of, (Places{0, 1, 0, -1}));
}

TEST(ImageGroups, TakeTheRarestOfSeveralClasses) {
  FakeDataset data(4, true, true);
  data.labels_ = {{1, 1, 0}, {1, 0, 0}, {0, 0, 0}, {1, 1, 1}};
  const auto groups = group_images(
      {"image0", "image1", "image2", "image3"}, data, "", "", "class");
  EXPECT_EQ(
      groups.names, (Names{"blue", "green", "red"}));  // of equals by name
  EXPECT_EQ(groups.group_of, (Places{1, 2, -1, 0}));
}

TEST(ImageGroups, ReadCountriesAndSeasonsFromTheIndex) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "index.parquet";
  table::Table table;
  table.columns.push_back({"name", table::TextColumn{"image0", "image1"}});
  table.columns.push_back(
      {"country", table::TextColumn{"Finland", std::nullopt}});
  table::write_parquet(path, table);
  const FakeDataset data(4, true, true);
  const Names names = {"image0", "image1"};
  const auto groups =
      group_images(names, data, folder.path().string(), "", "country");
  EXPECT_EQ(groups.names, Names{"Finland"});
  EXPECT_EQ(groups.group_of, (Places{0, -1}));
  EXPECT_EQ(
      group_images(names, data, "", path.string(), "country").sizes, Places{1});
  EXPECT_THROW(
      static_cast<void>(group_images(names, data, "", path.string(), "season")),
      Error);
  EXPECT_THROW(
      static_cast<void>(group_images(names, data, "none", "", "country")),
      Error);
}

TEST(ImageGroups, RefuseWhatTheyKnowNothingOf) {
  const FakeDataset data(4, true, false);
  EXPECT_THROW(
      static_cast<void>(group_images({"image0"}, data, "", "", "split")),
      Error);
  EXPECT_THROW(
      static_cast<void>(group_images({"other"}, data, "", "", "class")), Error);
  EXPECT_THROW(
      static_cast<void>(group_images({"image0"}, data, "", "", "colour")),
      Error);
}

}  // namespace
}  // namespace nadir::eval
