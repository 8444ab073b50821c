#include "eval/segment_data.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "eval/confusion.h"
#include "eval/masked_world.h"
#include "eval/place_groups.h"
#include "eval/segment_windows.h"
#include "support/shared_data.h"

namespace nadir::eval {
namespace {

template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class SegmentDataTest : public testing::Test {
 protected:
  SegmentDataConfig config() {
    SegmentDataConfig config;
    config.data = (folder_.path() / "images").string();
    config.masks = (folder_.path() / "masks").string();
    config.mask_name = "place=mask";
    config.classes = {"3=ground", "7=square:#ff0000"};
    config.ignore = {0};
    return config;
  }

  SegmentData open() { return open_segment_data(config(), {}); }

  std::set<std::string> names_of(const MaskedImages& set) {
    std::set<std::string> names;
    for (int64_t i = 0; i < set.size(); ++i) {
      names.insert(set.name(i));
    }
    return names;
  }

  TemporaryFolder folder_;
};

TEST(MaskStem, IsTheImagesOrWhatTheRuleMakesOfIt) {
  EXPECT_EQ(mask_stem("a/b.tif", ""), "b");
  EXPECT_EQ(mask_stem("S2A_MSIL2A.0_1", ""), "S2A_MSIL2A.0_1");
  EXPECT_EQ(mask_stem("202309_patchN_7.tif", "patchN=mask"), "202309_mask_7");
  EXPECT_EQ(mask_stem("P_1", "$=_reference_map"), "P_1_reference_map");
  EXPECT_EQ(mask_stem("img_3.png", "^img=lbl"), "lbl_3");
  EXPECT_THROW((void)mask_stem("a", "nothing"), Error);
  EXPECT_THROW((void)mask_stem("a", "(=b"), Error);
}

TEST(MaskClasses, AreReadFromWordsAndFiles) {
  const auto classes = parse_mask_classes({"10=building", "30=road:#010203"});
  ASSERT_EQ(classes.size(), 2);
  EXPECT_EQ(classes[0].value, 10);
  EXPECT_EQ(classes[1].name, "road");
  EXPECT_EQ(color_text(classes[1].color), "#010203");
  const TemporaryFolder folder;
  const auto file = folder.path() / "c.csv";
  write_file(file, "value,name,color\n1,\"Sea, ocean\",#0000ff\n2,Moor,\n");
  const auto from_file = parse_mask_classes({file.string()});
  ASSERT_EQ(from_file.size(), 2);
  EXPECT_EQ(from_file[0].name, "Sea, ocean");
  EXPECT_EQ(color_text(from_file[0].color), "#0000ff");
  EXPECT_EQ(from_file[1].color, default_color(1));
}

TEST(MaskClasses, AreRefusedWhereTheyAreNotClear) {
  for (const std::vector<std::string>& entries :
       {std::vector<std::string>{"building"},
        {"x=building"},
        {"1="},
        {"1=a", "1=b"},
        {"1=a", "2=a"},
        {"1=a:#12345"}}) {
    EXPECT_THROW((void)parse_mask_classes(entries), Error) << entries[0];
  }
}

TEST(MaskClasses, HaveColoursOfTheirOwn) {
  std::set<Color> colors;
  for (int64_t c = 0; c < 43; ++c) {
    colors.insert(default_color(c));
  }
  EXPECT_EQ(colors.size(), 43);
}

TEST_F(SegmentDataTest, PairsImagesWithTheirMasksAndDividesThem) {
  write_masked_world(folder_.path(), 20);
  const auto data = open();
  EXPECT_EQ(data.test.size(), 4);        // a fifth
  EXPECT_EQ(data.validation.size(), 2);  // a tenth of the rest
  EXPECT_EQ(data.train.size(), 14);
  for (int64_t i = 0; i < data.train.size(); ++i) {
    EXPECT_EQ(
        mask_stem(data.train.name(i), "place=mask"),
        data.train.masks[i].stem().string());
  }
  const auto again = open();
  EXPECT_EQ(names_of(again.test), names_of(data.test));
  auto other = config();
  other.split_seed = 1;
  EXPECT_NE(names_of(open_segment_data(other, {}).test), names_of(data.test));
}

// Neighbours overlap by pairs: 0 with 1, 2 with 3, ...
TEST_F(SegmentDataTest, KeepsOverlappingImagesInOneSet) {
  write_masked_world(folder_.path(), 20);
  for (int64_t i = 1; i < 20; i += 2) {
    auto place = world_place(i - 1, 100);
    place.transform[0] += 200;  // half an image on
    const auto file =
        folder_.path() / "images" / ("place_" + std::to_string(i) + ".tif");
    const auto image = raster::RasterReader(file).read();
    raster::write_geotiff(file, image, place);
  }
  const auto data = open();
  EXPECT_EQ(data.test.size(), 4);
  for (const auto* set : {&data.train, &data.validation, &data.test}) {
    const auto names = names_of(*set);
    for (int64_t i = 0; i < 20; i += 2) {
      EXPECT_EQ(
          names.contains("place_" + std::to_string(i) + ".tif"),
          names.contains("place_" + std::to_string(i + 1) + ".tif"));
    }
  }
}

TEST_F(SegmentDataTest, TakesTouchingImagesForDifferentPlaces) {
  write_masked_world(folder_.path(), 6, kWorldSide);
  const auto data = open();
  const auto groups = place_groups(*data.train.images.dataset);
  EXPECT_EQ(std::set<int64_t>(groups.begin(), groups.end()).size(), 6);
}

TEST_F(SegmentDataTest, FollowsListsOfNames) {
  write_masked_world(folder_.path(), 6);
  auto lists = config();
  lists.test_names = (folder_.path() / "test.txt").string();
  lists.val_names = (folder_.path() / "val.txt").string();
  write_file(lists.test_names, "place_1.tif\nplace_4.tif\n");
  write_file(lists.val_names, "place_0.tif\n");
  const auto data = open_segment_data(lists, {});
  EXPECT_EQ(
      names_of(data.test),
      (std::set<std::string>{"place_1.tif", "place_4.tif"}));
  EXPECT_EQ(names_of(data.validation), std::set<std::string>{"place_0.tif"});
  EXPECT_EQ(data.train.size(), 3);
  write_file(lists.val_names, "place_9.tif\n");
  EXPECT_NE(
      message_of([&] {
        (void)open_segment_data(lists, {});
      }).find("no image 'place_9.tif'"),
      std::string::npos);
  write_file(lists.val_names, "place_1.tif\n");
  EXPECT_THROW((void)open_segment_data(lists, {}), Error);
}

TEST_F(SegmentDataTest, ReadsMasksAsClassIndices) {
  write_masked_world(folder_.path(), 6);
  const auto data = open();
  const auto mask = read_mask(data.train.masks[0], data);
  EXPECT_EQ(mask.height, kWorldSide);
  EXPECT_EQ(mask.classes[0], kIgnoredPixel);
  EXPECT_EQ(
      std::count(mask.classes.begin(), mask.classes.end(), 1) > 200, true);
  EXPECT_EQ(mask.classes[kWorldSide * kWorldSide - 1], 0);  // ground
}

TEST_F(SegmentDataTest, NamesClassesAfterTheValuesWhereNoneAreGiven) {
  write_masked_world(folder_.path(), 6);
  auto plain = config();
  plain.classes.clear();
  const auto classes = open_segment_data(plain, {}).classes;
  ASSERT_EQ(classes.size(), 2);
  EXPECT_EQ(classes[0].name, "3");
  EXPECT_EQ(classes[1].value, 7);
  write_file(
      folder_.path() / "masks" / "classes.csv", "value,name\n7,roof\n3,soil\n");
  EXPECT_EQ(open_segment_data(plain, {}).classes[0].name, "roof");
}

TEST_F(SegmentDataTest, SaysWhatIsWrongWithMasks) {
  write_masked_world(folder_.path(), 6);
  auto wrong = config();
  wrong.mask_name = "";
  EXPECT_NE(
      message_of([&] {
        (void)open_segment_data(wrong, {});
      }).find("there is no place_0.tif"),
      std::string::npos);
  wrong = config();
  wrong.masks = (folder_.path() / "none").string();
  EXPECT_THROW((void)open_segment_data(wrong, {}), Error);
  wrong = config();
  wrong.ignore = {0, 7};
  EXPECT_THROW((void)open_segment_data(wrong, {}), Error);
  wrong = config();
  wrong.classes = {"3=ground"};
  const auto data = open_segment_data(wrong, {});
  const auto message =
      message_of([&] { (void)read_mask(data.train.masks[0], data); });
  EXPECT_NE(message.find("holds the value 7"), std::string::npos) << message;
}

// Of its 40 images 32 overlap another; pixels as its SOURCES.md counts them.
TEST(KoreaSet, IsPairedAndDividedByPlace) {
  const auto archive = shared_data() / "S2_LandCover_Seg_Korea.tar.gz";
  if (shared_data().empty() || !std::filesystem::exists(archive)) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  const TemporaryFolder folder;
  const auto command = fmt::format(
      "tar -xzf '{}' -C '{}'", archive.string(), folder.path().string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto root = folder.path() / "S2_LandCover_Seg_Korea";
  SegmentDataConfig config;
  config.data = (root / "images").string();
  config.masks = (root / "labels").string();
  config.mask_name = "patchN=mask";
  config.classes = {
      "10=building", "30=road", "50=field", "70=forest", "100=background"};
  const auto data = open_segment_data(config, {"R", "G", "B"});
  EXPECT_EQ(data.train.size() + data.validation.size() + data.test.size(), 40);
  EXPECT_EQ(data.test.size(), 8);
  const auto groups = place_groups(*data.train.images.dataset);
  EXPECT_EQ(std::set<int64_t>(groups.begin(), groups.end()).size(), 12);
  std::map<int64_t, const MaskedImages*> set_of;
  std::vector<int64_t> num_pixels(5, 0);
  for (const auto* set : {&data.train, &data.validation, &data.test}) {
    for (int64_t i = 0; i < set->size(); ++i) {
      const auto place = groups[set->images.indices[i]];
      EXPECT_EQ(set_of.emplace(place, set).first->second, set);
      for (const uint8_t pixel : read_mask(set->masks[i], data).classes) {
        ++num_pixels[pixel];
      }
    }
  }
  EXPECT_EQ(
      num_pixels,
      (std::vector<int64_t>{63087, 247390, 1065516, 3418560, 5691207}));
}

TEST(SegmentWindows, CoverAnImageAndEndWithIt) {
  const auto places = window_places(10, 7, 4);
  ASSERT_EQ(places.size(), 6);
  EXPECT_EQ(places[1].col, 3);  // moved back into the image
  EXPECT_EQ(places[5].row, 6);
  std::vector<int> covered(70, 0);
  for (const auto& place : places) {
    for (int64_t row = 0; row < 4; ++row) {
      for (int64_t col = 0; col < 4; ++col) {
        covered[(place.row + row) * 7 + place.col + col] = 1;
      }
    }
  }
  EXPECT_EQ(std::count(covered.begin(), covered.end(), 1), 70);
}

TEST(SegmentWindows, AreCutFromEveryBandAndTheMask) {
  raster::Image image(2, 3, 4, raster::PixelType::kUint16);
  Mask mask = {3, 4, std::vector<uint8_t>(12)};
  for (int64_t i = 0; i < 12; ++i) {
    image.band<uint16_t>(0)[i] = static_cast<uint16_t>(i);
    image.band<uint16_t>(1)[i] = static_cast<uint16_t>(100 + i);
    mask.classes[i] = static_cast<uint8_t>(i);
  }
  const auto window = cut_window(image, {1, 2}, 2);
  const auto second = window.band<uint16_t>(1);
  EXPECT_EQ(
      std::vector<uint16_t>(second.begin(), second.end()),
      (std::vector<uint16_t>{106, 107, 110, 111}));
  EXPECT_EQ(cut_window(mask, {1, 2}, 2), (std::vector<uint8_t>{6, 7, 10, 11}));
}

}  // namespace
}  // namespace nadir::eval
