#include "eval/pictures.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "eval/baselines.h"
#include "eval/fake_dataset.h"
#include "eval/prediction.h"

namespace nadir::eval {
namespace {

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

TEST(ContactSheet, PlacesPicturesInCells) {
  raster::Image red(3, 1, 1, raster::PixelType::kUint8);
  red.band<uint8_t>(0)[0] = 255;
  const auto sheet = contact_sheet({{red, red}, {red}}, 10);
  EXPECT_EQ(sheet.height(), 2 * 14 + 4);
  EXPECT_EQ(sheet.width(), 2 * 14 + 4);
  EXPECT_EQ(sheet.band<uint8_t>(1)[4 * sheet.width() + 4], 0);      // red
  EXPECT_EQ(sheet.band<uint8_t>(1)[0], 255);                        // gap
  EXPECT_EQ(sheet.band<uint8_t>(1)[18 * sheet.width() + 18], 255);  // empty
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
  EXPECT_EQ(pictures.attention.width(), (1 + heads) * 100 + 4);
  EXPECT_EQ(pictures.components.width(), 2 * 100 + 4);
  EXPECT_EQ(pictures.masks.height(), 2 * 100 + 4);
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
  EXPECT_EQ(sheet.width(), 6 * 36 + 4);
  EXPECT_EQ(sheet.height(), 2 * 36 + 4);
}

}  // namespace
}  // namespace nadir::eval
