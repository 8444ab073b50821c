#include "ssl/multi_crop_network.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "ssl/tiny_network.h"
#include "support/torch_tensors.h"

namespace nadir::ssl {
namespace {

TEST(MultiCropNetwork, NamesItsParametersAsTheReferencesCheckpoints) {
  const MultiCropNetwork network = make_tiny_network();
  const auto parameters = network.named_parameters();
  EXPECT_TRUE(parameters.contains("backbone.blocks.0.attn.qkv.weight"));
  EXPECT_TRUE(parameters.contains("head.last_layer.weight_v"));
}

TEST(MultiCropNetwork, GivesEachViewWhatItGetsAlone) {
  MultiCropNetwork network = make_tiny_network();
  const auto large = random_tensor({4, 3, 16, 16}, 1);  // 2 views of 2 images
  const auto small = random_tensor({6, 3, 8, 8}, 2);    // 3 views of 2 images
  const auto logits = network.forward({large, small}, 2);
  ASSERT_EQ(logits.sizes(), at::IntArrayRef({5, 2, 24}));
  for (int64_t view = 0; view < 5; ++view) {
    for (int64_t image = 0; image < 2; ++image) {
      const auto pixels =
          view < 2 ? large[view * 2 + image] : small[(view - 2) * 2 + image];
      const auto alone = network.forward({pixels.unsqueeze(0)}, 1)[0][0];
      EXPECT_LT(max_difference(logits[view][image], alone), 1e-5)
          << view << ", " << image;
    }
  }
}

TEST(MultiCropNetwork, DropsTheSameBranchesInMicroBatches) {
  MultiCropNetwork network = make_tiny_network();
  const auto large = random_tensor({2, 4, 3, 16, 16}, 3);  // view, image
  const auto small = random_tensor({3, 4, 3, 8, 8}, 4);
  const auto run = [&](int64_t begin, int64_t end) {
    const auto part = [&](const at::Tensor& views) {
      return views.slice(1, begin, end).flatten(0, 1);
    };
    return network.forward(
        {part(large), part(small)},
        end - begin,
        model::DropPathKey{.seed = 3, .step = 4, .first_image = begin});
  };
  const auto whole = run(0, 4);
  EXPECT_LT(max_difference(whole, at::cat({run(0, 1), run(1, 4)}, 1)), 1e-5);
}

TEST(MultiCropNetwork, DropsTheSameBranchesInEachSizeByItself) {
  MultiCropNetwork network = make_tiny_network();
  const auto large = random_tensor({4, 3, 16, 16}, 6);  // 2 views of 2 images
  const auto small = random_tensor({6, 3, 8, 8}, 7);    // 3 views of 2 images
  model::DropPathKey key{.seed = 3, .step = 4};
  const auto whole = network.forward({large, small}, 2, key);
  const auto of_large = network.forward({large}, 2, key);
  key.first_view = 2;
  const auto of_small = network.forward({small}, 2, key);
  EXPECT_LT(max_difference(whole, at::cat({of_large, of_small})), 1e-5);
}

TEST(MultiCropNetwork, RefusesGroupsThatDoNotFitTheBatch) {
  MultiCropNetwork network = make_tiny_network();
  const auto views = random_tensor({5, 3, 16, 16}, 5);
  EXPECT_THROW(static_cast<void>(network.forward({views}, 2)), Error);
  EXPECT_THROW(static_cast<void>(network.forward({}, 2)), Error);
}

}  // namespace
}  // namespace nadir::ssl
