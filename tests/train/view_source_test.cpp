#include "train/view_source.h"

#include <gtest/gtest.h>

#include "augment/view_maker.h"
#include "train/tiny_training.h"

namespace nadir::train {
namespace {

ViewSource make_source(
    const std::shared_ptr<TileDataset>& tiles, const PretrainConfig& config) {
  return {tiles, tile_normalization(*tiles), config};
}

// Copies of the next batches' views and images, in turn.
std::vector<at::Tensor> take(ViewSource& source, int64_t num_batches) {
  std::vector<at::Tensor> taken;
  for (int64_t i = 0; i < num_batches; ++i) {
    const auto views = source.next();
    for (const auto& group : views.groups) {
      taken.push_back(group.clone());
    }
    taken.push_back(at::tensor(views.batch->samples));
  }
  return taken;
}

void expect_equal(
    const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(at::equal(a[i], b[i])) << i;
  }
}

TEST(ViewSource, GivesViewVOfImageBInRowVTimesBPlusB) {
  const auto tiles = std::make_shared<TileDataset>(8);
  auto config = tiny_config();
  config.run.seed = 3;
  auto source = make_source(tiles, config);
  ASSERT_EQ(source.batches_per_epoch(), 2);
  source.start(/*epoch=*/1, /*batch_in_epoch=*/1, /*num_epochs=*/4);
  const auto views = source.next();
  ASSERT_EQ(views.num_images, 4);
  ASSERT_EQ(views.groups.size(), 2U);
  ASSERT_EQ(views.groups[0].sizes(), at::IntArrayRef({8, 3, 16, 16}));
  ASSERT_EQ(views.groups[1].sizes(), at::IntArrayRef({8, 3, 8, 8}));
  const auto normalization = tile_normalization(*tiles);
  const augment::ViewMaker maker(
      config.views, normalization.mean, normalization.std, true);
  for (int64_t view = 0; view < 4; ++view) {
    for (int64_t b = 0; b < 4; ++b) {
      const int64_t sample = views.batch->samples[static_cast<size_t>(b)];
      RandomStream random(
          3,
          StreamPurpose::kAugment,
          /*epoch=*/1,
          static_cast<uint64_t>(sample),
          static_cast<uint32_t>(view));
      const int64_t side = maker.view_size(view);
      auto expected = at::empty({3, side, side});
      maker.make_view(
          normalization.to_unit(tiles->read(sample)),
          view,
          random,
          {expected.data_ptr<float>(), static_cast<size_t>(expected.numel())});
      EXPECT_TRUE(at::equal(views.groups[view / 2][view % 2 * 4 + b], expected))
          << "view " << view << " of image " << b;
    }
  }
}

TEST(ViewSource, GivesTheSameWithAnyNumberOfThreadsAndFromAnyStart) {
  const auto tiles = std::make_shared<TileDataset>(13);
  auto config = tiny_config();
  auto one = make_source(tiles, config);
  config.run.num_workers = 3;
  auto three = make_source(tiles, config);
  one.start(0, 0, 3);
  three.start(0, 0, 3);
  const auto all = take(one, 9);  // three epochs of three batches
  expect_equal(all, take(three, 9));
  three.start(1, 2, 3);
  expect_equal({all.begin() + 3 * 5, all.begin() + 3 * 7}, take(three, 2));
}

TEST(ViewSource, GivesGlobalViewsAloneWithoutLocalOnes) {
  auto config = tiny_config();
  config.views.local_crops_number = 0;
  auto source = make_source(std::make_shared<TileDataset>(5, 12), config);
  source.start(0, 0, 1);
  const auto views = source.next();
  ASSERT_EQ(views.groups.size(), 1U);
  EXPECT_EQ(views.groups[0].sizes(), at::IntArrayRef({8, 12, 16, 16}));
}

TEST(ViewSource, RefusesStepsOfMoreImagesThanThereAre) {
  auto config = tiny_config();
  config.optim.accumulate = 3;
  const auto message = error_of(ErrorCode::kInvalidArgument, [&] {
    make_source(std::make_shared<TileDataset>(11), config);
  });
  EXPECT_NE(message.find("12 images"), std::string::npos) << message;
  EXPECT_NE(message.find("tiles has 11"), std::string::npos) << message;
}

}  // namespace
}  // namespace nadir::train
