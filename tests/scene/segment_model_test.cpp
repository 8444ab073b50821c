#include "scene/segment_model.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "eval/segment_tokens.h"
#include "scene/scene_files.h"

namespace nadir::scene {
namespace {

constexpr int64_t kWindow = 16;

// A head of two classes on the last block's tokens of the tiny network.
eval::SegmentHead made_head(const eval::FrozenNetwork& frozen) {
  RandomStream random(5, StreamPurpose::kTest);
  const int64_t dim = frozen.network->shape().dim;
  eval::SegmentHead head;
  head.classes = {
      {.value = 1, .name = "ground"}, {.value = 2, .name = "water"}};
  head.layers =
      eval::make_head_layers(eval::SegmentHeadKind::kLinear, dim, 2, random);
  head.layers[0].mul_(100);  // far from a half
  head.mean_D = at::zeros({dim});
  head.std_D = at::ones({dim});
  head.view.normalization = *frozen.normalization;
  head.view.window_px = kWindow;
  head.view.input_px = kWindow;
  head.weights_sha256 = frozen.sha256;
  return head;
}

std::vector<raster::Image> noise_windows() {
  return {noise_image(kWindow, kWindow, 1), noise_image(kWindow, kWindow, 2)};
}

at::Tensor views_of(
    const std::vector<raster::Image>& windows, const eval::SegmentView& view) {
  std::vector<at::Tensor> views;
  const eval::WindowPlace whole;
  for (const auto& window : windows) {
    views.push_back(eval::window_inputs(window, {&whole, 1}, view));
  }
  return at::cat(views);
}

TEST(SegmentModel, GivesTheMeansOfTheSegmentersPixels) {
  const auto frozen = eval::tiny_network();
  const eval::Segmenter segmenter(made_head(frozen), frozen);
  const auto windows = noise_windows();
  const auto pixels = segmenter.probabilities(windows);
  ASSERT_EQ(pixels.sizes(), at::IntArrayRef({2, 2, kWindow, kWindow}));
  const auto views = views_of(windows, segmenter.head().view);
  const SegmentModel every_pixel(segmenter, kWindow, kWindow);
  EXPECT_TRUE(at::equal(every_pixel.forward(views)[0], pixels));
  const SegmentModel quarters(segmenter, kWindow, 2);
  EXPECT_EQ(quarters.fields()[0].num_parts, 2);
  const auto means = quarters.forward(views)[0];
  ASSERT_EQ(means.sizes(), at::IntArrayRef({2, 2, 2, 2}));
  const auto corner = pixels[1][0].slice(0, 8, 16).slice(1, 0, 8).mean();
  EXPECT_NEAR(means[1][0][1][0].item<float>(), corner.item<float>(), 1e-6);
  EXPECT_GT((means[0] - means[1]).abs().max().item<float>(), 1e-4);
}

TEST(SegmentModel, ChoosesPartsOfATokenOrMore) {
  const auto frozen = eval::tiny_network();
  const int64_t patch = frozen.network->config().patch_size;
  const eval::Segmenter segmenter(made_head(frozen), frozen);
  EXPECT_EQ(token_parts(segmenter, kWindow), kWindow / patch);
  EXPECT_EQ(input_px_of(segmenter, 2 * kWindow), 2 * kWindow);
  EXPECT_THROW((void)input_px_of(segmenter, kWindow + 1), Error);
}

}  // namespace
}  // namespace nadir::scene
