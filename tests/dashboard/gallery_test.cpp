#include "dashboard/gallery.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "dashboard/class_scores.h"
#include "dashboard/made_data.h"

namespace nadir::dashboard {
namespace {

class GalleryTest : public testing::Test {
 protected:
  GalleryTest() {
    const auto path = folder_.path() / "predictions.parquet";
    write_made_predictions(path);
    predictions_.emplace(Predictions::read(path, catalog_));
  }

  [[nodiscard]] std::vector<int64_t> ids_of(const std::string& query) const {
    const auto list = gallery().list(Query(query));
    std::vector<int64_t> ids;
    for (const auto& image : list["images"]) {
      ids.push_back(image["id"].get<int64_t>());
    }
    return ids;
  }

  [[nodiscard]] Gallery gallery() const { return {catalog_, &*predictions_}; }

  const TemporaryFolder folder_;
  const Catalog catalog_{std::make_shared<MadeDataset>(), "", ""};
  std::optional<Predictions> predictions_;
};

using Ids = std::vector<int64_t>;

TEST_F(GalleryTest, ListsImagesByWhatIsKnownOfThem) {
  EXPECT_EQ(ids_of(""), (Ids{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(ids_of("class=water"), (Ids{2, 4, 5}));
  EXPECT_EQ(ids_of("class=water&split=train"), (Ids{2, 4}));
  EXPECT_EQ(ids_of("text=MSIL2A"), (Ids{0}));
  EXPECT_EQ(ids_of("season=Summer"), (Ids{0}));
  EXPECT_EQ(ids_of("offset=4&limit=1"), (Ids{4}));
  EXPECT_EQ(gallery().list(Query("offset=4&limit=1"))["total"], 6);
  EXPECT_THROW((void)ids_of("class=woods"), Error);
  EXPECT_THROW((void)ids_of("sort=best"), Error);
  EXPECT_THROW((void)ids_of("limit=0"), Error);
}

// Errors: 0: 0.1; 1: 0.1; 2: (0.8 + 0.1 + 0.7) / 3; 3: (0.6 + 0.2 + 0.2) / 3;
// 4: (0.1 + 0.3 + 0.4) / 3.
TEST_F(GalleryTest, ShowsTheWorstErrorsFirst) {
  EXPECT_EQ(ids_of("sort=worst"), (Ids{2, 3, 4, 0, 1}));
  const auto worst = gallery().image(2);
  EXPECT_NEAR(worst["error"].get<double>(), 1.6 / 3, 1e-12);
  EXPECT_EQ(worst["predicted"], (std::vector<std::string>{"forest"}));
  EXPECT_TRUE(gallery().image(5)["error"].is_null());
}

TEST_F(GalleryTest, FindsWhereAClassWasMissedOrWronglySeen) {
  EXPECT_EQ(ids_of("missed=forest"), (Ids{3}));
  EXPECT_EQ(ids_of("missed=water"), (Ids{2}));
  EXPECT_EQ(ids_of("wrong=forest"), (Ids{2}));
  EXPECT_EQ(ids_of("missed=labels"), (Ids{}));
  EXPECT_THROW((void)ids_of("missed=woods"), Error);
}

TEST_F(GalleryTest, SaysAllThatIsKnownOfAnImage) {
  const auto first = gallery().details(0);
  EXPECT_EQ(first["date"], "2017-06-13");
  EXPECT_EQ(first["season"], "Summer");
  EXPECT_EQ(first["country"], "");
  EXPECT_TRUE(first["has_snow"].is_null());
  ASSERT_EQ(first["footprint"].size(), 5);
  EXPECT_NEAR(first["footprint"][0][0].get<double>(), 15, 1e-6);  // UTM 33's
  EXPECT_NEAR(first["footprint"][0][1].get<double>(), 45.15, 0.01);
  const auto& labels = first["probabilities"][1];
  EXPECT_EQ(labels["class"], "labels");
  EXPECT_EQ(labels["threshold"], 0.6);
  EXPECT_EQ(labels["is_true"], false);
  EXPECT_TRUE(gallery().details(5)["footprint"].is_null());
  EXPECT_TRUE(gallery().details(5)["probabilities"].is_null());
}

TEST_F(GalleryTest, GivesColoursByClassSeasonAndSplit) {
  const auto by_class = catalog_.colouring("class");
  EXPECT_EQ(by_class.codes, (std::vector<uint8_t>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(by_class.values[2], "water");
  const auto by_season = catalog_.colouring("season");
  EXPECT_EQ(by_season.values, (std::vector<std::string>{"Summer"}));
  EXPECT_EQ(by_season.codes[0], 0);
  EXPECT_EQ(by_season.codes[1], 255);
  const auto by_split = catalog_.colouring("split");
  EXPECT_EQ(by_split.values, (std::vector<std::string>{"test", "train"}));
  EXPECT_EQ(by_split.codes[0], 1);
  EXPECT_THROW((void)catalog_.colouring("mood"), Error);
}

TEST_F(GalleryTest, ScoresClassesAsTheEvaluationDoes) {
  const auto scores = score_classes(*predictions_);
  ASSERT_EQ(scores.classes.size(), 3);
  // forest: true of 0 and 3; by score 0 (0.9), 2 (0.8), 3 (0.4), ...
  EXPECT_NEAR(*scores.classes[0].ap, (1.0 + 2.0 / 3) / 2, 1e-12);
  EXPECT_EQ(scores.classes[0].num_positives, 2);
  EXPECT_EQ(scores.classes[0].precision, 0.5);
  EXPECT_EQ(scores.classes[0].recall, 0.5);
  EXPECT_EQ(*scores.classes[1].threshold, 0.6);
  // water: true of 2 and 4, predicted of 4 alone; of 2 forest is predicted.
  EXPECT_EQ(scores.co_occurrence[2], (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(scores.co_occurrence[1][1], 1.0);
}

TEST_F(GalleryTest, DrawsPrecisionOverRecall) {
  const auto curve = precision_recall(*predictions_, 0, 500);
  EXPECT_EQ(curve.threshold, (std::vector<double>{0.9, 0.8, 0.4, 0.1}));
  EXPECT_EQ(curve.recall, (std::vector<double>{0.5, 0.5, 1, 1}));
  EXPECT_EQ(curve.precision[0], 1);
  EXPECT_EQ(curve.precision[1], 0.5);
  EXPECT_NEAR(curve.precision[2], 2.0 / 3, 1e-12);
  EXPECT_NEAR(curve.precision[3], 2.0 / 5, 1e-12);
  const auto few = precision_recall(*predictions_, 0, 2);
  EXPECT_EQ(few.threshold.front(), 0.9);
  EXPECT_EQ(few.threshold.back(), 0.1);
}

TEST(PredictionsTest, OfOtherImagesAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "p.parquet";
  table::Table table;
  table.columns.push_back({"name", table::TextColumn{"elsewhere"}});
  table.columns.push_back({"labels", table::TextListColumn{table::TextList{}}});
  table.columns.push_back({"water", table::NumberColumn{0.5}});
  table::write_parquet(path, table);
  const Catalog catalog{std::make_shared<MadeDataset>(), "", ""};
  EXPECT_THROW((void)Predictions::read(path, catalog), Error);
}

}  // namespace
}  // namespace nadir::dashboard
