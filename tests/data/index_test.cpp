#include "data/index.h"

#include <csignal>

#include <gtest/gtest.h>

#include "core/json.h"
#include "core/signals.h"
#include "data/fixtures.h"
#include "data/labels.h"
#include "data/official_lists.h"
#include "data/patch_fixtures.h"
#include "data/patch_metadata.h"
#include "support/shared_data.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

using table::FlagColumn;
using table::TextColumn;
using table::TextList;
using table::TextListColumn;

// Patch A is trained on, B has snow and C no 19-class label.
class IndexFiles : public ::testing::Test {
 protected:
  IndexFiles() {
    unpack(
        source_,
        patch_files(kPatchA) + patch_files(kPatchB) +
            patch_files(kPatchC, json_text(patch_json({"Airports"}))));
    make_lists(
        lists_,
        {{"train", {kPatchA}}, {"patches_with_seasonal_snow", {kPatchB}}});
    write_file(
        lists_ / "s1_s2_name_country_season.csv",
        std::string("s1_name,s2_name,country,season\nx,") + kPatchA +
            ",Austria,Winter\n");
    options_.source = source_.string();
    options_.lists = lists_.string();
    options_.num_threads = 2;
  }

  // The message of make_index() where patch A's JSON is this.
  std::string error_with(const std::string& json) {
    unpack(source_, patch_files(kPatchA, json));
    return error_of([&] { (void)make_index(options_); });
  }

  std::string error_without(const char* key) {
    auto json = patch_json();
    json.erase(key);
    return error_with(json_text(json));
  }

  TemporaryFolder folder_;
  std::filesystem::path source_ = folder_.path() / "patches";
  std::filesystem::path lists_ = folder_.path() / "official";
  IndexOptions options_;
};

TEST(Labels, Are43And19AndKeepOrderAndRepetitions) {
  EXPECT_EQ(labels_43().size(), 43U);
  EXPECT_EQ(labels_19().size(), 19U);
  EXPECT_EQ(
      to_labels_19({"Vineyards", "Airports", "Olive groves", "Pastures"}),
      (TextList{"Permanent crops", "Permanent crops", "Pastures"}));
  EXPECT_EQ(to_labels_19({"Airports"}), std::nullopt);
  EXPECT_NE(
      error_of([] { (void)to_labels_19({"Pasture"}); }).find("'Pastures'"),
      std::string::npos);
}

TEST_F(IndexFiles, DropsDiscouragedPatchesAndCountsThem) {
  const Index index = make_index(options_);
  EXPECT_EQ(index.report.num_patches, 3);
  EXPECT_EQ(index.report.num_rows, 1);
  EXPECT_EQ(index.report.num_dropped, 2);
  EXPECT_EQ(index.report.num_snow, 1);
  EXPECT_EQ(index.report.num_unlabelled, 1);
  EXPECT_EQ(index.report.num_without_country, 0);
  const auto& table = index.table;
  EXPECT_EQ(table.get<TextColumn>("name")[0], kPatchA);
  EXPECT_EQ(table.get<TextColumn>("original_split")[0], "train");
  EXPECT_EQ(table.get<TextColumn>("country")[0], "Austria");
  EXPECT_EQ(table.get<TextColumn>("season")[0], "Summer");
  EXPECT_FALSE(table.get<FlagColumn>("snow")[0]);
}

TEST_F(IndexFiles, KeepsDiscouragedPatchesWhereAsked) {
  options_.keeps_discouraged = true;
  const Index index = make_index(options_);
  EXPECT_EQ(
      index.table.get<TextColumn>("name"),
      (TextColumn{kPatchA, kPatchC, kPatchB}));  // sorted
  EXPECT_EQ(
      index.table.get<FlagColumn>("snow"), (FlagColumn{false, false, true}));
  EXPECT_EQ(index.table.get<TextListColumn>("new_labels")[1], std::nullopt);
  EXPECT_EQ(index.table.get<TextColumn>("original_split")[2], std::nullopt);
  EXPECT_EQ(index.report.num_without_country, 2);
}

TEST_F(IndexFiles, WritesTheElevenColumnsAsGeoParquet) {
  const auto path = folder_.path() / "index.parquet";
  write_index(path, make_index(options_).table);
  EXPECT_EQ(
      table::read_parquet_columns(path),
      (std::vector<std::string>{
          "labels",
          "tile_source",
          "acquisition_date",
          "name",
          "geometry",
          "new_labels",
          "snow",
          "cloud_or_shadow",
          "original_split",
          "country",
          "season"}));
  const auto geo = parse_json(table::read_parquet_metadata(path).at("geo"));
  EXPECT_EQ(geo["version"], "1.1.0");
  EXPECT_EQ(geo["columns"]["geometry"]["crs"]["id"]["code"], 3035);
  EXPECT_NEAR(
      geo["columns"]["geometry"]["bbox"][0].get<double>(),
      4596839.783738,
      1e-6);
  options_.is_extended = false;
  write_index(path, make_index(options_).table);
  EXPECT_EQ(table::read_parquet_columns(path).size(), 6U);
}

TEST_F(IndexFiles, StoresTheRingFromTheLowerRightCorner) {
  const Index index = make_index(options_);
  const std::string& wkb =
      index.table.get<table::BytesColumn>("geometry").rows[0];
  ASSERT_EQ(wkb.size(), 93U);
  std::array<double, 10> points;
  std::memcpy(points.data(), wkb.data() + 13, 80);
  const std::array<double, 10> wanted = {
      4598116.704014,
      2796272.943308,
      4598037.799182,
      2797470.329554,
      4596839.783738,
      2797389.891143,
      4596918.684634,
      2796192.510218,
      4598116.704014,
      2796272.943308};
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(points[i], wanted[i], 1e-6) << i;
  }
}

TEST_F(IndexFiles, GivesTheSameFromAnArchive) {
  const auto archive = folder_.path() / "a.tar.gz";
  pack(
      archive,
      patch_files(kPatchC, json_text(patch_json({"Airports"}))) +
          patch_files(kPatchB) + patch_files(kPatchA),
      "gzip");
  const Index from_folder = make_index(options_);
  options_.source = archive.string();
  const Index from_archive = make_index(options_);
  EXPECT_EQ(from_archive.report.num_dropped, 2);
  EXPECT_EQ(
      from_archive.table.get<table::BytesColumn>("geometry").rows,
      from_folder.table.get<table::BytesColumn>("geometry").rows);
}

TEST_F(IndexFiles, NamesPatchAndReasonOfBadMetadata) {
  const auto expect = [&](const std::string& message, const char* reason) {
    EXPECT_NE(message.find(kPatchA), std::string::npos) << message;
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_NE(message.find("--max-bad"), std::string::npos) << message;
  };
  expect(error_with("{\"labels\": ["), "cannot be parsed");
  expect(error_with("[]"), "cannot be parsed");
  expect(error_without("labels"), "'labels'");
  expect(error_without("coordinates"), "'coordinates'");
  expect(error_without("projection"), "'projection'");
  expect(error_without("tile_source"), "'tile_source'");
  expect(error_without("acquisition_date"), "'acquisition_date'");
  expect(
      error_with(json_text(patch_json(std::vector<std::string>()))),
      "no label");
  expect(error_with(json_text(patch_json({"Swamp"}))), "'Swamp'");
  auto json = patch_json();
  json["acquisition_date"] = "yesterday";
  expect(error_with(json_text(json)), "'yesterday'");
  json = patch_json();
  json["projection"] = "nowhere";
  expect(error_with(json_text(json)), "unknown projection");
  json = patch_json();
  json["coordinates"]["ulx"] = "left";
  expect(error_with(json_text(json)), "'ulx'");
}

TEST_F(IndexFiles, ToleratesAsManyBadPatchesAsAsked) {
  unpack(source_, patch_files(kPatchA, "broken"));
  options_.max_bad = 1;
  options_.keeps_discouraged = true;
  const Index index = make_index(options_);
  EXPECT_EQ(index.report.num_rows, 2);
  ASSERT_EQ(index.report.bad.size(), 1U);
  EXPECT_EQ(index.report.bad[0].name, kPatchA);
}

TEST_F(IndexFiles, TakesTheMisprintedCornerAndDatesWithT) {
  auto json = patch_json();
  json["coordinates"] = {
      {"ulx", 404400}, {"uly", 5342400}, {"lrx", 405600}, {"lly", 5341200}};
  json["acquisition_date"] = "2017-06-13T9:05:06";
  unpack(source_, patch_files(kPatchA, json_text(json) + "\n"));
  const Index index = make_index(options_);
  EXPECT_EQ(
      index.table.get<TextColumn>("acquisition_date")[0],
      "2017-06-13 09:05:06");
}

TEST_F(IndexFiles, TakesCountriesFromAListOrFromPolygons) {
  const auto csv = folder_.path() / "countries.csv";
  write_file(csv, std::string("name,country\r\n") + kPatchA + ",Finland\r\n");
  options_.country_list = csv.string();
  EXPECT_EQ(
      make_index(options_).table.get<TextColumn>("country")[0], "Finland");

  nlohmann::json features = nlohmann::json::array();
  double x = 0;
  for (const char* name :
       {"Austria",
        "Belgium",
        "Finland",
        "Ireland",
        "Kosovo",
        "Lithuania",
        "Luxembourg",
        "Portugal",
        "Serbia",
        "Switzerland"}) {
    x += 1;  // the patch is at 13.7 east: beyond the last, Switzerland
    features.push_back(
        {{"type", "Feature"},
         {"properties", {{"ADMIN", name}}},
         {"geometry",
          {{"type", "Polygon"},
           {"coordinates",
            {{{x, 48}, {x + 0.5, 48}, {x + 0.5, 49}, {x, 49}, {x, 48}}}}}}});
  }
  const auto polygons = folder_.path() / "countries.geojson";
  write_file(
      polygons,
      nlohmann::json{{"type", "FeatureCollection"}, {"features", features}}
          .dump());
  options_.boundaries = polygons.string();
  options_.boundaries_attribute = "ADMIN";
  EXPECT_EQ(
      make_index(options_).table.get<TextColumn>("country")[0], "Switzerland");
}

TEST_F(IndexFiles, TakesAListWithAMarkOfByteOrderAndGapsInIt) {
  const auto csv = folder_.path() / "countries.csv";
  write_file(
      csv, std::string("\xEF\xBB\xBFname,country\r\n") + kPatchA + ",\r\n");
  options_.country_list = csv.string();
  EXPECT_EQ(
      make_index(options_).table.get<TextColumn>("country")[0], std::nullopt);
  write_file(
      lists_ / "train.csv", std::string("\xEF\xBB\xBF") + kPatchA + "\r\n");
  EXPECT_EQ(
      make_index(options_).table.get<TextColumn>("original_split")[0], "train");
}

TEST_F(IndexFiles, RefusesToReplaceItsSourceBeforeItReads) {
  const auto tar = folder_.path() / "all.tar";
  pack(tar, patch_files(kPatchA));
  EXPECT_NE(
      error_of([&] {
        check_index_output(tar, tar.string());
      }).find("is the source itself"),
      std::string::npos);
  EXPECT_NE(
      error_of([&] {
        check_index_output(folder_.path(), tar.string());
      }).find("is a folder"),
      std::string::npos);
  EXPECT_THROW(
      check_index_output(tar / "below" / "i.parquet", tar.string()), Error);
  check_index_output(folder_.path() / "new" / "i.parquet", tar.string());
}

TEST(Index, NamesALabelOfVersion2ThatIsNoClass) {
  const TemporaryFolder folder;
  const std::string tile = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP";
  const std::string patch = tile + "_75_43";
  unpack(
      folder.path(),
      {{"BigEarthNet-S2/" + tile + "/" + patch + "/" + patch + "_B02.tif",
        band_bytes("B02")}});
  table::Table table;
  table.columns.push_back({"patch_id", TextColumn{patch}});
  table.columns.push_back({"labels", TextListColumn{TextList{"Pasture"}}});
  table.columns.push_back({"split", TextColumn{"train"}});
  table.columns.push_back({"country", TextColumn{"Austria"}});
  table.columns.push_back({"contains_seasonal_snow", FlagColumn{false}});
  table.columns.push_back({"contains_cloud_or_shadow", FlagColumn{false}});
  table::write_parquet(folder.path() / "metadata.parquet", table);
  IndexOptions options;
  options.source = folder.path().string();
  const std::string message = error_of([&] { (void)make_index(options); });
  EXPECT_NE(message.find(patch + " has the label 'Pasture'"), std::string::npos)
      << message;
  EXPECT_NE(message.find("'Pastures'"), std::string::npos) << message;
}

// A signal was once seen only when all was done, half an hour later.
TEST_F(IndexFiles, StopsAtASignalWithoutATable) {
  catch_signals();
  std::raise(SIGTERM);
  const Index index = make_index(options_);
  forget_signal();
  EXPECT_TRUE(index.report.is_interrupted);
  EXPECT_TRUE(index.table.columns.empty());
  EXPECT_FALSE(make_index(options_).report.is_interrupted);
}

TEST_F(IndexFiles, NamesTheListThatIsMissing) {
  std::filesystem::remove(lists_ / "test.csv");
  const std::string message = error_of([&] { (void)make_index(options_); });
  EXPECT_NE(message.find("test.csv"), std::string::npos) << message;
}

TEST_F(IndexFiles, FindsListsBesideTheSource) {
  make_lists(folder_.path() / "lists", {{"val", {kPatchA}}});
  EXPECT_EQ(find_lists("", source_), folder_.path() / "lists");
  EXPECT_EQ(find_lists("given", source_), "given");
  // `nadir doctor` asks without a source; that ended it once.
  EXPECT_NO_THROW((void)find_lists("", folder_.path() / "lists" / ""));
  try {
    (void)find_lists("", "");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
  options_.lists = "";
  EXPECT_EQ(
      make_index(options_).table.get<TextColumn>("original_split")[0],
      "validation");
}

TEST(OfficialLists, CountAsPublished) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real lists: set NADIR_SHARED_DATA";
  }
  const auto lists = shared_data() / "BigEarthNet-lists";
  const auto names = read_all_listed_names(lists);
  EXPECT_EQ(names.size(), 590'326U);
  int64_t num_train = 0;
  int64_t num_snow = 0;
  int64_t num_cloud = 0;
  for (const auto& facts : read_official_facts(lists, names)) {
    num_train += facts.split == "train" ? 1 : 0;
    num_snow += facts.has_snow ? 1 : 0;
    num_cloud += facts.has_cloud_or_shadow ? 1 : 0;
  }
  EXPECT_EQ(num_train, 269'695);
  EXPECT_EQ(num_snow, 61'707);
  EXPECT_EQ(num_cloud, 9'280);
}

TEST(RealPatches, OfVersion1AreIndexed) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  IndexOptions options;
  options.source = (shared_data() / "BigEarthNet-v1.0").string();
  options.lists = (shared_data() / "BigEarthNet-lists").string();
  const Index index = make_index(options);
  EXPECT_EQ(index.report.num_patches, 11);
  EXPECT_EQ(index.report.num_snow, 1);
  EXPECT_EQ(index.report.num_rows, 10);
}

TEST(RealPatches, OfVersion2AreIndexed) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  IndexOptions options;
  options.source = (shared_data() / "BigEarthNet-v2.0").string();
  const Index index = make_index(options);
  ASSERT_EQ(index.report.num_rows, 1);
  const auto& table = index.table;
  EXPECT_EQ(
      table.get<TextListColumn>("new_labels")[0],
      (TextList{
          "Arable land",
          "Land principally occupied by agriculture, with significant areas "
          "of natural vegetation",
          "Pastures"}));
  EXPECT_EQ(table.get<TextListColumn>("labels")[0], std::nullopt);
  EXPECT_EQ(table.get<TextColumn>("original_split")[0], "validation");
  EXPECT_EQ(
      table.get<TextColumn>("acquisition_date")[0], "2017-06-13 10:10:31");
  EXPECT_EQ(table.get<TextColumn>("country")[0], "Austria");
}

}  // namespace
}  // namespace nadir::data
