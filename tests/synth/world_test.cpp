#include "synth/world.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <archive.h>
#include <archive_entry.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "data/index.h"
#include "data/labels.h"
#include "raster/geotiff.h"
#include "support/shared_data.h"
#include "synth/files.h"
#include "synth/tiff.h"

namespace nadir::synth {
namespace {

namespace fs = std::filesystem;

constexpr auto kNever = [] { return false; };

SynthOptions options_for(const fs::path& out, int64_t num_patches) {
  SynthOptions options;
  options.out = out;
  options.num_patches = num_patches;
  options.seed = 5;
  options.num_threads = 1;
  return options;
}

// Path below `root` -> bytes, of all files.
std::map<std::string, std::string> files_below(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      files[fs::relative(entry.path(), root).string()] =
          read_file(entry.path());
    }
  }
  return files;
}

// Path -> bytes of an archive's files, in its order in `order`.
std::map<std::string, std::string> files_in_archive(const fs::path& path) {
  std::map<std::string, std::string> files;
  archive* reader = archive_read_new();
  archive_read_support_filter_all(reader);
  archive_read_support_format_all(reader);
  EXPECT_EQ(
      archive_read_open_filename(reader, path.c_str(), 65536), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    if (archive_entry_filetype(entry) == AE_IFREG) {
      std::string bytes(static_cast<size_t>(archive_entry_size(entry)), '\0');
      EXPECT_EQ(
          archive_read_data(reader, bytes.data(), bytes.size()),
          static_cast<la_ssize_t>(bytes.size()));
      files[archive_entry_pathname(entry)] = bytes;
    }
  }
  archive_read_free(reader);
  return files;
}

std::string list_text(const fs::path& path) {
  archive* reader = archive_read_new();
  archive_read_support_filter_bzip2(reader);
  archive_read_support_format_raw(reader);
  archive_entry* entry = nullptr;
  std::string text;
  if (archive_read_open_filename(reader, path.c_str(), 65536) == ARCHIVE_OK &&
      archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    char buffer[4096];
    la_ssize_t n = 0;
    while ((n = archive_read_data(reader, buffer, sizeof(buffer))) > 0) {
      text.append(buffer, static_cast<size_t>(n));
    }
  }
  archive_read_free(reader);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      lines.push_back(line);
      line.clear();
    } else if (c != '\r') {
      line += c;
    }
  }
  EXPECT_EQ(line, "");
  return lines;
}

TEST(SyntheticWorld, HasTheLayoutOfBigEarthNet) {
  const TemporaryFolder folder;
  const auto out = folder.path() / "world";
  const auto summary = write_synthetic_world(options_for(out, 20), kNever);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->data, out / "BigEarthNet-v1.0");
  const std::map<std::string, size_t> sizes = {
      {"B01", 1160},
      {"B02", 29192},
      {"B03", 29192},
      {"B04", 29192},
      {"B05", 7560},
      {"B06", 7560},
      {"B07", 7560},
      {"B08", 29192},
      {"B8A", 7560},
      {"B09", 1160},
      {"B11", 7560},
      {"B12", 7560}};
  const std::regex expression(R"(S2[AB]_MSIL2A_\d{8}T\d{5,6}_\d{1,2}_\d{1,2})");
  int num_patches = 0;
  for (const auto& entry : fs::directory_iterator(summary->data)) {
    const std::string name = entry.path().filename();
    EXPECT_TRUE(std::regex_match(name, expression)) << name;
    for (const auto& [band, size] : sizes) {
      EXPECT_EQ(
          fs::file_size(entry.path() / (name + "_" + band + ".tif")), size);
    }
    const auto json = parse_ordered_json(
        read_file(entry.path() / (name + "_labels_metadata.json")));
    std::vector<std::string> keys;
    for (const auto& item : json.items()) {
      keys.push_back(item.key());
    }
    const std::vector<std::string> expected = {
        "labels",
        "coordinates",
        "projection",
        "tile_source",
        "acquisition_date"};
    EXPECT_EQ(keys, expected);
    const auto& box = json["coordinates"];
    EXPECT_EQ(box["lrx"].get<int>() - box["ulx"].get<int>(), 1200);
    EXPECT_EQ(box["uly"].get<int>() - box["lry"].get<int>(), 1200);
    EXPECT_GE(json["labels"].size(), 1U);
    const auto date = json["acquisition_date"].get<std::string>();
    EXPECT_GE(date, "2017-06-01 00:00:00");
    EXPECT_LE(date, "2018-05-31 23:59:59");
    // 12 bands and the JSON, nothing else.
    EXPECT_EQ(
        std::distance(
            fs::directory_iterator(entry.path()), fs::directory_iterator()),
        13);
    ++num_patches;
  }
  EXPECT_EQ(num_patches, 20);
  EXPECT_FALSE(fs::exists(out / ".partial"));
}

TEST(SyntheticWorld, RepeatsItsBytesOnAnyNumberOfThreads) {
  const TemporaryFolder folder;
  auto options = options_for(folder.path() / "one", 24);
  ASSERT_TRUE(write_synthetic_world(options, kNever));
  options.out = folder.path() / "three";
  options.num_threads = 3;
  ASSERT_TRUE(write_synthetic_world(options, kNever));
  const auto one = files_below(folder.path() / "one");
  EXPECT_EQ(one.size(), 24U * 13 + 7);
  EXPECT_EQ(one, files_below(folder.path() / "three"));

  options.out = folder.path() / "other";
  options.seed = 6;
  ASSERT_TRUE(write_synthetic_world(options, kNever));
  EXPECT_NE(one, files_below(folder.path() / "other"));
}

TEST(SyntheticWorld, HoldsTheSameFilesInAnArchive) {
  const TemporaryFolder folder;
  auto options = options_for(folder.path() / "folder", 18);
  ASSERT_TRUE(write_synthetic_world(options, kNever));
  options.as_archive = true;
  options.out = folder.path() / "archive";
  const auto summary = write_synthetic_world(options, kNever);
  ASSERT_TRUE(summary.has_value());
  const auto packed = files_in_archive(summary->data);
  std::map<std::string, std::string> loose;
  for (auto& [path, bytes] :
       files_below(folder.path() / "folder" / "BigEarthNet-v1.0")) {
    loose["BigEarthNet-v1.0/" + path] = bytes;
  }
  EXPECT_EQ(packed, loose);

  options.compresses = false;
  options.out = folder.path() / "plain";
  const auto plain = write_synthetic_world(options, kNever);
  EXPECT_EQ(plain->data.extension(), ".tar");
  EXPECT_EQ(files_in_archive(plain->data), loose);
  EXPECT_TRUE(read_file(plain->data).starts_with("BigEarthNet-v1.0/"));
  options.compresses = true;

  // The archive's own bytes repeat too.
  options.out = folder.path() / "again";
  options.num_threads = 2;
  const auto again = write_synthetic_world(options, kNever);
  EXPECT_EQ(read_file(summary->data), read_file(again->data));
}

TEST(SyntheticWorld, ListsEveryPatchOnceAsTheOfficialListsDo) {
  const TemporaryFolder folder;
  std::vector<PatchRecord> records;
  const auto places = choose_places(400, 3);
  for (size_t i = 0; i < places.size(); ++i) {
    PatchRecord record{places[i], {LandCover::kArable}, false, false};
    record.has_snow = i % 11 == 0;
    record.has_cloud_or_shadow = i % 11 == 1;
    if (i % 11 == 2) {
      record.labels = {LandCover::kBareRock, LandCover::kAirport};
    }
    records.push_back(record);
  }
  write_lists(folder.path(), records);
  std::multiset<std::string> listed;
  std::map<std::string, size_t> counts;
  for (const char* list :
       {"train",
        "val",
        "test",
        "patches_with_seasonal_snow",
        "patches_with_cloud_and_shadow",
        "patches_with_no_19_class_targets"}) {
    const auto lines =
        lines_of(list_text(folder.path() / (std::string(list) + ".csv.bz2")));
    counts[list] = lines.size();
    listed.insert(lines.begin(), lines.end());
  }
  EXPECT_EQ(listed.size(), 400U);
  for (const PatchPlace& place : places) {
    EXPECT_EQ(listed.count(patch_name(place)), 1U) << patch_name(place);
  }
  EXPECT_EQ(counts["patches_with_seasonal_snow"], 37U);
  EXPECT_EQ(counts["patches_with_no_19_class_targets"], 37U);
  const auto clean =
      static_cast<double>(counts["train"] + counts["val"] + counts["test"]);
  EXPECT_NEAR(static_cast<double>(counts["train"]) / clean, 0.5, 0.03);
  EXPECT_NEAR(static_cast<double>(counts["test"]) / clean, 0.25, 0.03);

  const auto countries =
      lines_of(list_text(folder.path() / "s1_s2_name_country_season.csv.bz2"));
  ASSERT_EQ(countries.size(), 401U);
  EXPECT_EQ(countries[0], "s1_name,s2_name,country,season");
  const std::regex row(
      "S1A_IW_GRDH_1SDV_[0-9]{8}T[0-9]{6}_[0-9]{2}[A-Z]{3}_[0-9]+_[0-9]+,"
      "S2[AB]_MSIL2A_[0-9T]+_[0-9]+_[0-9]+,[A-Z][a-z]+,"
      "(Winter|Spring|Summer|Fall)");
  for (size_t i = 1; i < countries.size(); ++i) {
    EXPECT_TRUE(std::regex_match(countries[i], row)) << countries[i];
  }
}

TEST(SyntheticWorld, IsIndexedWithItsOwnLists) {
  const TemporaryFolder folder;
  const auto summary =
      write_synthetic_world(options_for(folder.path() / "world", 48), kNever);
  ASSERT_TRUE(summary.has_value());
  data::IndexOptions options;
  options.source = summary->data.string();
  options.lists = summary->lists.string();
  const data::Index index = data::make_index(options);
  EXPECT_EQ(index.report.num_patches, 48);
  EXPECT_EQ(
      index.report.num_rows,
      summary->num_train + summary->num_validation + summary->num_test);
  EXPECT_EQ(index.report.num_snow, summary->num_snow);
  EXPECT_EQ(index.report.num_cloud_or_shadow, summary->num_cloud_or_shadow);
  EXPECT_EQ(index.report.num_unlabelled, summary->num_unlabelled);
  EXPECT_EQ(index.report.num_without_split, 0);
  EXPECT_EQ(index.report.num_without_country, 0);
  EXPECT_TRUE(index.report.bad.empty());
}

TEST(SyntheticWorld, RefusesAFolderThatHoldsSomething) {
  const TemporaryFolder folder;
  write_file(folder.path() / "thesis.txt", "mine");
  EXPECT_THROW(
      (void)write_synthetic_world(options_for(folder.path(), 4), kNever),
      Error);
  EXPECT_EQ(read_file(folder.path() / "thesis.txt"), "mine");
}

TEST(SyntheticWorld, LeavesNothingWhenStoppedAndReplacesRemainsOfAKill) {
  const TemporaryFolder folder;
  for (const bool as_archive : {false, true}) {
    auto options = options_for(folder.path() / "world", 40);
    options.as_archive = as_archive;
    int asked = 0;
    EXPECT_FALSE(write_synthetic_world(options, [&] { return ++asked > 9; }));
    EXPECT_FALSE(fs::exists(folder.path() / "world"));  // as it was
  }
  fs::create_directories(folder.path() / "world" / ".partial");
  write_file(folder.path() / "world" / ".partial" / "x.tif", "cut");
  EXPECT_TRUE(
      write_synthetic_world(options_for(folder.path() / "world", 2), kNever));
  EXPECT_FALSE(fs::exists(folder.path() / "world" / ".partial"));
}

TEST(SyntheticPatch, IsLabelledByItsTrueShares) {
  const auto places = choose_places(64, 2);
  for (size_t p = 0; p < places.size(); p += 16) {
    const PatchPlace& place = places[p];
    const LandWindow land = make_land(
        scenes()[static_cast<size_t>(place.scene)],
        2,
        place.h * kPatchPx,
        place.v * kPatchPx,
        kPatchPx,
        kPatchPx);
    std::map<LandCover, int> count;
    for (const LandCover cover : land.cover) {
      ++count[cover];
    }
    std::vector<LandCover> expected;
    for (const auto& [cover, n] : count) {
      if (n >= 0.04 * 14400) {
        expected.push_back(cover);
      }
    }
    EXPECT_EQ(render_patch(place, 2).labels, expected);
    EXPECT_EQ(patch_labels(place, 2), expected);
  }
}

TEST(SyntheticPatch, ContinuesInItsNeighbour) {
  const Scene& scene = scenes()[0];
  const LandWindow wide = make_land(scene, 9, 480, 240, 240, 120);
  const LandWindow right = make_land(scene, 9, 600, 240, 120, 120);
  for (size_t r = 0; r < 120; ++r) {
    for (size_t c = 0; c < 120; ++c) {
      ASSERT_EQ(wide.cover[r * 240 + 120 + c], right.cover[r * 120 + c]);
    }
  }
  // Across the seam pixels differ no more than they do inside a patch.
  double seam = 0;
  double inside = 0;
  for (int v = 0; v < 4; ++v) {
    const auto a = render_patch({0, 4, v}, 9).bands[3];
    const auto b = render_patch({0, 5, v}, 9).bands[3];
    for (size_t r = 0; r < 120; ++r) {
      seam += std::abs(a[r * 120 + 119] - b[r * 120]);
      inside += std::abs(b[r * 120 + 1] - b[r * 120]);
    }
  }
  EXPECT_LT(seam, 1.5 * inside);
}

TEST(SyntheticLand, HoldsEveryClassAndALongTail) {
  constexpr int64_t kNumPatches = 2000;
  std::map<std::string, int64_t> count_of;
  int64_t num_labels = 0;
  for (const PatchPlace& place : choose_places(kNumPatches, 1)) {
    std::vector<std::string> names;
    for (const LandCover cover : patch_labels(place, 1, 8)) {
      names.push_back(label_name(cover));
    }
    num_labels += static_cast<int64_t>(names.size());
    const auto labels = data::to_labels_19(names);
    if (labels) {
      for (const std::string& label :
           std::set<std::string>(labels->begin(), labels->end())) {
        ++count_of[label];
      }
    }
  }
  std::vector<int64_t> counts;
  for (const std::string& label : data::labels_19()) {
    EXPECT_GE(count_of[label], 15) << label;
    counts.push_back(count_of[label]);
  }
  std::sort(counts.begin(), counts.end());
  EXPECT_GE(counts.back(), 8 * counts.front());
  const double mean = static_cast<double>(num_labels) / kNumPatches;
  EXPECT_GT(mean, 2.0);
  EXPECT_LT(mean, 3.8);
}

TEST(SyntheticLand, TakesItsNamesFromTheFortyThree) {
  ASSERT_EQ(data::labels_43().size(), static_cast<size_t>(kNumLandCovers));
  EXPECT_EQ(label_name(LandCover::kContinuousUrban), "Continuous urban fabric");
  EXPECT_EQ(label_name(LandCover::kAgroForestry), "Agro-forestry areas");
  EXPECT_EQ(label_name(LandCover::kBurnt), "Burnt areas");
  EXPECT_EQ(label_name(LandCover::kSea), "Sea and ocean");
}

TEST(SyntheticPlaces, AreUniqueAndSpreadOverCountriesAndSeasons) {
  std::set<std::string> names;
  std::set<std::string> countries;
  std::set<std::string> seasons;
  for (const PatchPlace& place : choose_places(1000, 4)) {
    names.insert(patch_name(place));
    const Scene& scene = scenes()[static_cast<size_t>(place.scene)];
    countries.insert(scene.country);
    seasons.insert(season_of(scene));
  }
  EXPECT_EQ(names.size(), 1000U);
  EXPECT_EQ(countries.size(), 10U);
  EXPECT_EQ(seasons.size(), 4U);
  EXPECT_THROW((void)choose_places(0, 4), Error);
  EXPECT_THROW((void)choose_places(1'000'000, 4), Error);
}

TEST(SyntheticTiff, EqualsTheArchivesOwnFilesByteForByte) {
  const fs::path folder =
      shared_data() / "BigEarthNet-v1.0" / "S2A_MSIL2A_20170613T101031_87_48";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << folder << " is not there";
  }
  for (const BandInfo& band : kBands) {
    const std::string file = read_file(
        folder / (folder.filename().string() + "_" + band.name + ".tif"));
    const int size = 1200 / band.gsd_m;
    std::vector<uint16_t> pixels(static_cast<size_t>(size * size));
    const size_t num_bytes = 2 * pixels.size();
    std::memcpy(
        pixels.data(), file.data() + file.size() - num_bytes, num_bytes);
    EXPECT_EQ(encode_band(pixels, size, band.gsd_m, 33, 404400, 5342400), file)
        << band.name;
  }
  // The JSON too, but for its labels and the time of processing.
  const auto real = parse_ordered_json(read_file(
      folder / (folder.filename().string() + "_labels_metadata.json")));
  for (size_t s = 0; s < scenes().size(); ++s) {
    const PatchPlace place{static_cast<int>(s), 87, 48};
    if (patch_name(place) == folder.filename()) {
      const auto made =
          parse_ordered_json(patch_metadata(place, {LandCover::kArable}));
      EXPECT_EQ(made["coordinates"], real["coordinates"]);
      EXPECT_EQ(made["projection"], real["projection"]);
      EXPECT_EQ(made["acquisition_date"], real["acquisition_date"]);
      EXPECT_EQ(
          made["tile_source"].get<std::string>().substr(0, 45),
          real["tile_source"].get<std::string>().substr(0, 45));
    }
  }
}

// A class covers its share of the mask where it is a label.
TEST(SyntheticWorld, MasksAgreeWithTheLabels) {
  const TemporaryFolder folder;
  auto options = options_for(folder.path() / "world", 6);
  options.has_masks = true;
  const auto summary = write_synthetic_world(options, kNever);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->masks, options.out / "masks");
  const auto classes = read_file(summary->masks / "classes.csv");
  EXPECT_NE(classes.find("43,\"Sea and ocean\"\n"), std::string::npos);
  int num_masks = 0;
  for (const auto& [path, bytes] : files_below(summary->masks)) {
    if (path == "classes.csv") {
      continue;
    }
    ++num_masks;
    const std::string name = fs::path(path).stem().string();
    const auto metadata = parse_json(
        read_file(summary->data / name / (name + "_labels_metadata.json")));
    const auto image = raster::decode_raster(bytes, path);
    ASSERT_EQ(image.height(), 120);
    ASSERT_EQ(image.width(), 120);
    std::map<uint16_t, int> counts;
    for (const uint16_t value : image.band<uint16_t>(0)) {
      ++counts[value];
    }
    std::set<std::string> large;
    for (const auto& [value, count] : counts) {
      ASSERT_GE(value, 1);
      ASSERT_LE(value, kNumLandCovers);
      if (count >= kMinLabelShare * 120 * 120) {
        large.insert(label_name(static_cast<LandCover>(value - 1)));
      }
    }
    EXPECT_EQ(large, metadata["labels"].get<std::set<std::string>>()) << path;
  }
  EXPECT_EQ(num_masks, 6);
}

}  // namespace
}  // namespace nadir::synth
