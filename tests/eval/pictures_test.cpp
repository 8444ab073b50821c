#include "eval/pictures.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "eval/baselines.h"
#include "eval/contact_sheet.h"
#include "eval/fake_dataset.h"
#include "eval/picture_text.h"
#include "eval/prediction.h"

namespace nadir::eval {
namespace {

// A sheet was as wide as its headings, and cells beyond were written all the
// same.
TEST(ContactSheet, HasRoomForMoreCellsThanHeadings) {
  const raster::Image picture(3, 4, 4, raster::PixelType::kUint8);
  const auto sheet =
      contact_sheet({"one"}, {{"row", {{picture}, {picture}}}}, 20);
  EXPECT_GE(sheet.width(), 2 * 20);
  EXPECT_EQ(
      contact_sheet({}, {{"row", {{picture}, {picture}}}}, 20).width(),
      sheet.width());
}

TEST(AttentionMasks, KeepTheSmallestSetThatHoldsTheMass) {
  const auto maps = at::tensor({0.5F, 0.1F, 0.3F, 0.1F}).view({1, 2, 2});
  // Ascending sums 0.1, 0.2, 0.5, 1.0; kept where above 1 - mass.
  EXPECT_TRUE(attention_masks(maps, 0.45)
                  .equal(at::tensor({1.0F, 0.0F, 0.0F, 0.0F}).view({1, 2, 2})));
  EXPECT_TRUE(attention_masks(maps, 0.7).equal(
      at::tensor({1.0F, 0.0F, 1.0F, 0.0F}).view({1, 2, 2})));
  EXPECT_TRUE(attention_masks(maps, 1).equal(at::ones({1, 2, 2})));
}

TEST(AttentionMaps, SumToLessThanOneOverThePatches) {
  model::VitConfig config;
  config.arch = "vit_nano";
  config.patch_size = 8;
  config.image_size = 16;
  const auto network = random_network(config, 1);
  const auto maps = attention_maps(*network, at::rand({1, 3, 16, 24}));
  EXPECT_EQ(maps.size(0), network->shape().num_heads);
  EXPECT_EQ(maps.size(1), 2);
  EXPECT_EQ(maps.size(2), 3);
  const auto mass = maps.sum({1, 2});
  EXPECT_TRUE(mass.gt(0).all().item<bool>());
  EXPECT_TRUE(mass.lt(1).all().item<bool>());  // the rest is on the CLS token
}

raster::Image red_point() {
  raster::Image red(3, 1, 1, raster::PixelType::kUint8);
  red.band<uint8_t>(0)[0] = 255;
  return red;
}

// Greens of a sheet: 0 is red (or a letter), 255 the paper.
uint8_t green_at(const raster::Image& sheet, int64_t row, int64_t col) {
  return sheet.band<uint8_t>(1)[row * sheet.width() + col];
}

// Gaps are 6 px and lines of text 10 px.
TEST(ContactSheet, PlacesPicturesBelowTheirHeadings) {
  const SheetCell red = {red_point()};
  const auto sheet =
      contact_sheet({"a", "b"}, {{"one", {red, red}}, {"two", {red}}}, 20);
  EXPECT_EQ(sheet.height(), 6 + 10 + 2 * (10 + 20 + 6));
  EXPECT_EQ(sheet.width(), 6 + 2 * (20 + 6));
  EXPECT_EQ(green_at(sheet, 0, 0), 255);
  EXPECT_EQ(green_at(sheet, 26, 6), 0);         // the first picture's corner
  EXPECT_EQ(green_at(sheet, 45, 51), 0);        // the second's opposite one
  EXPECT_EQ(green_at(sheet, 62 + 5, 40), 255);  // where the fourth would be
}

TEST(ContactSheet, KeepsTheAspectOfPictures) {
  const auto sheet = contact_sheet({"a"}, {{"", {{red_point(), 2}}}}, 20);
  EXPECT_EQ(green_at(sheet, 26 + 9, 25), 0);
  EXPECT_EQ(green_at(sheet, 26 + 10, 25), 255);  // half as high as wide
}

TEST(PictureText, DrawsLettersAndKeepsToThePicture) {
  raster::Image picture(3, 10, 10, raster::PixelType::kUint8);
  std::fill(picture.bytes().begin(), picture.bytes().end(), std::byte{255});
  draw_text("Tx", 1, 0, 1, picture);  // the x reaches over the edge
  int64_t num_points = 0;
  for (int64_t col = 0; col < 5; ++col) {
    num_points += green_at(picture, 1, col) < 255 ? 1 : 0;
  }
  EXPECT_EQ(num_points, 5);  // the bar of the T
  EXPECT_EQ(green_at(picture, 2, 0), 255);
  EXPECT_LT(green_at(picture, 2, 2), 255);
  EXPECT_EQ(fitted_text("S2A_MSIL2A_87_48", 1, 42), "..87_48");
  EXPECT_EQ(fitted_text("short", 1, 42), "short");
}

TEST(NetworkPictures, HaveAColumnForEachHead) {
  at::set_num_threads(1);
  model::VitConfig config;
  config.arch = "vit_nano";
  config.patch_size = 8;
  config.image_size = 16;
  const auto network = random_network(config, 1);
  const auto images =
      unlabelled_images(std::make_shared<FakeDataset>(2, true, false), "", 0);
  const auto normalization = data::make_normalization(
      "imagenet", {"R", "G", "B"}, raster::PixelType::kUint8, nullptr);
  const auto pictures =
      network_pictures(*network, images, normalization, 36, 0.6);
  const int64_t heads = network->shape().num_heads;
  EXPECT_EQ(pictures.attention.width(), 6 + (1 + heads) * (96 + 6));
  EXPECT_EQ(pictures.components.width(), 6 + 2 * (96 + 6));
  EXPECT_EQ(pictures.masks.height(), 6 + 10 + 2 * (10 + 96 + 6));
}

TEST(ViewSheet, ShowsEveryViewOfEveryImage) {
  const auto images =
      unlabelled_images(std::make_shared<FakeDataset>(2, true, false), "", 0);
  const auto normalization = data::make_normalization(
      "imagenet", {"R", "G", "B"}, raster::PixelType::kUint8, nullptr);
  augment::ViewConfig config;
  config.global_crop_size = 32;
  config.local_crop_size = 16;
  config.local_crops_number = 3;
  const auto sheet = view_sheet(images, normalization, config, 0);
  EXPECT_EQ(sheet.width(), 6 + 6 * (96 + 6));
  EXPECT_EQ(sheet.height(), 6 + 10 + 2 * (10 + 96 + 6));
}

}  // namespace
}  // namespace nadir::eval
