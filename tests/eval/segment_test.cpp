#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "checkpoint/weights.h"
#include "core/error.h"
#include "core/json.h"
#include "eval/masked_world.h"
#include "eval/segment_evaluate.h"
#include "eval/segment_picture.h"
#include "eval/segment_tokens.h"
#include "eval/segment_training.h"
#include "eval/segmenter.h"
#include "eval/tiny_network.h"

namespace nadir::eval {
namespace {

// The class of the truth where a pixel's second channel is positive.
TokenSet separable_tokens(std::vector<Mask>& masks, int64_t num_windows) {
  constexpr int64_t kSide = 8;
  auto tokens_WTD = at::zeros({num_windows, 4, 3});
  auto values = tokens_WTD.accessor<float, 3>();
  RandomStream random(2, StreamPurpose::kTest);
  for (int64_t w = 0; w < num_windows; ++w) {
    Mask mask = {kSide, kSide, std::vector<uint8_t>(kSide * kSide)};
    for (int64_t t = 0; t < 4; ++t) {
      const bool is_second = random.uniform() < 0.5;
      values[w][t][0] = static_cast<float>(random.normal());
      values[w][t][1] = (is_second ? 1.0F : -1.0F);
      values[w][t][2] = 5;  // constant: deviation 0
      for (int64_t row = 0; row < 4; ++row) {
        for (int64_t col = 0; col < 4; ++col) {
          mask.classes[(t / 2 * 4 + row) * kSide + t % 2 * 4 + col] =
              is_second ? 1 : 0;
        }
      }
    }
    masks.push_back(mask);
  }
  return {tokens_WTD, masks};
}

SegmentHeadConfig quick_heads() {
  SegmentHeadConfig config;
  config.epochs = 15;
  config.batch_size = 4;
  config.lr = {0.0001, 0.05};
  return config;
}

TEST(SegmentHeads, LearnWhatTokensSay) {
  at::set_num_threads(1);
  std::vector<Mask> masks;
  const auto set = separable_tokens(masks, 24);
  for (const auto kind : {SegmentHeadKind::kLinear, SegmentHeadKind::kConv}) {
    const auto heads = train_segment_heads(kind, set, 2, 8, quick_heads(), "t");
    ASSERT_EQ(heads.size(), 2);
    EXPECT_LT(heads[1].train_loss, heads[0].train_loss) << to_text(kind);
    const auto score = sum_of(score_images(heads[1].head, set, 8));
    EXPECT_GT(*score.accuracy(), 0.85) << to_text(kind);  // edges are smooth
  }
}

// All learning rates in one pass are what each would be by itself.
TEST(SegmentHeads, DoNotDependOnTheRatesBesideThem) {
  at::set_num_threads(1);
  std::vector<Mask> masks;
  const auto set = separable_tokens(masks, 10);
  for (const auto kind : {SegmentHeadKind::kLinear, SegmentHeadKind::kConv}) {
    auto config = quick_heads();
    const auto both = train_segment_heads(kind, set, 2, 8, config, "t");
    config.lr = {0.05};
    const auto one = train_segment_heads(kind, set, 2, 8, config, "t");
    for (size_t i = 0; i < one[0].head.layers.size(); ++i) {
      EXPECT_TRUE(at::allclose(
          one[0].head.layers[i], both[1].head.layers[i], 1e-3, 1e-4))
          << to_text(kind) << " layer " << i;
    }
    const auto again = train_segment_heads(kind, set, 2, 8, config, "t");
    EXPECT_TRUE(again[0].head.layers[0].equal(one[0].head.layers[0]));
  }
}

// Half of the windows have the classes the wrong way round: no head can learn
// from them all, and any can where those are ignored.
TEST(SegmentHeads, DoNotLookAtIgnoredPixels) {
  at::set_num_threads(1);
  std::vector<Mask> masks;
  const auto set = separable_tokens(masks, 24);
  const auto truth = masks;
  const auto accuracy = [&] {
    const auto heads = train_segment_heads(
        SegmentHeadKind::kLinear, set, 2, 8, quick_heads(), "t");
    return *sum_of(score_images(heads[1].head, {set.tokens_WTD, truth}, 8))
                .accuracy();
  };
  for (size_t w = 0; w < masks.size(); w += 2) {
    for (auto& pixel : masks[w].classes) {
      pixel = 1 - pixel;
    }
  }
  EXPECT_LT(accuracy(), 0.7);
  for (size_t w = 0; w < masks.size(); w += 2) {
    std::fill(masks[w].classes.begin(), masks[w].classes.end(), kIgnoredPixel);
  }
  EXPECT_GT(accuracy(), 0.85);
  for (auto& mask : masks) {
    std::fill(mask.classes.begin(), mask.classes.end(), kIgnoredPixel);
  }
  EXPECT_THROW((void)accuracy(), Error);
}

TEST(SegmentHeads, RefuseSettingsOutOfRange) {
  auto config = quick_heads();
  config.lr = {};
  EXPECT_THROW(check_config(config), Error);
  config = quick_heads();
  config.head = {"forest"};
  EXPECT_THROW(check_config(config), Error);
  config = quick_heads();
  config.epochs = 0;
  EXPECT_THROW(check_config(config), Error);
}

// A linear head whose logits are the token itself: bilinear interpolation
// between the centres of patches, in closed form.
TEST(SegmentHead, InterpolatesLogitsBetweenPatchCentres) {
  SegmentHead head;
  head.classes = classes_of_values({1, 2});
  head.layers = {at::tensor({0.0F, 1.0F}).view({2, 1}), at::zeros({2})};
  head.mean_D = at::zeros({1});
  head.std_D = at::ones({1});
  const auto tokens = at::tensor({0.0F, 4.0F, 0.0F, 4.0F}).view({1, 2, 2, 1});
  const auto logits = head.logits(tokens, 4);
  ASSERT_EQ(logits.sizes(), at::IntArrayRef({1, 2, 4, 4}));
  EXPECT_TRUE(
      at::allclose(logits[0][1][2], at::tensor({0.0F, 1.0F, 3.0F, 4.0F})));
  EXPECT_EQ(logits[0][0].abs().max().item<float>(), 0);
}

TEST(SegmentTokens, ArePatchTokensInTheOrderOfTheWindows) {
  const auto frozen = tiny_network();
  const auto images = at::rand({2, 3, 16, 16});
  const auto tokens =
      patch_token_extractor(*frozen.network, 1, at::kCPU)(images);
  const auto expected = frozen.network->forward_tokens(images).slice(1, 1);
  EXPECT_TRUE(at::allclose(tokens, expected, 1e-4, 1e-5));
  const auto two = patch_token_extractor(*frozen.network, 2, at::kCPU)(images);
  EXPECT_EQ(two.size(2), 2 * expected.size(2));
  EXPECT_TRUE(
      at::allclose(two.slice(2, expected.size(2)), expected, 1e-4, 1e-5));
}

TEST(SegmentTokens, OfImageStatisticsAreThoseOfThePatches) {
  const auto images = at::rand({1, 2, 16, 16});
  const auto tokens = patch_statistics_extractor(8)(images);
  ASSERT_EQ(tokens.sizes(), at::IntArrayRef({1, 4, 8}));
  const auto patch = images[0][1].narrow(0, 0, 8).narrow(1, 8, 8);
  EXPECT_NEAR(tokens[0][1][1].item<float>(), patch.mean().item<float>(), 1e-6);
  EXPECT_NEAR(
      tokens[0][1][3].item<float>(), patch.std(false).item<float>(), 1e-6);
  EXPECT_EQ(tokens[0][1][7].item<float>(), patch.max().item<float>());
}

class RunSegmentTest : public testing::Test {
 protected:
  RunSegmentTest() {
    write_masked_world(folder_.path(), 12);
    data_.data = (folder_.path() / "images").string();
    data_.masks = (folder_.path() / "masks").string();
    data_.mask_name = "place=mask";
    data_.classes = {"3=ground", "7=square"};
    data_.ignore = {0};
    head_.epochs = 12;
    head_.lr = {0.003, 0.03};
    view_.window_px = 16;
    evaluate_.bootstrap = 20;
  }

  SegmentOutcome run() {
    const auto frozen = tiny_network();
    return run_segment(
        frozen, open_segment_data(data_, {}), view_, head_, evaluate_);
  }

  TemporaryFolder folder_;
  SegmentDataConfig data_;
  SegmentViewConfig view_;
  SegmentHeadConfig head_;
  EvaluateConfig evaluate_;
};

TEST_F(RunSegmentTest, ScoresEveryHeadOnEveryKindOfFeatures) {
  head_.head = {"linear", "conv"};
  head_.epochs = 8;
  head_.lr = {0.03};
  const auto outcome = run();
  const auto& rows = outcome.evaluation.rows;
  ASSERT_EQ(rows.size(), 6);
  EXPECT_EQ(rows[0].features, "random weights");
  EXPECT_EQ(rows[3].features, "image statistics");
  EXPECT_EQ(rows[5].features, "tiny");
  EXPECT_EQ(rows[5].head, "conv");
  for (const auto& row : rows) {
    // All pixels of the two test images but those of the frame.
    EXPECT_EQ(row.confusion.total(), 2 * 39 * 39);
    EXPECT_GT(*row.confusion.mean_iou(), 0.6) << row.features << row.head;
    EXPECT_LE(row.intervals.mean_iou->low, row.intervals.mean_iou->high);
  }
  ASSERT_EQ(outcome.heads.size(), 2);
  EXPECT_EQ(outcome.heads[1].kind, SegmentHeadKind::kConv);
  EXPECT_EQ(outcome.heads[0].weights_sha256, "0123");
}

TEST_F(RunSegmentTest, GivesTheSameNumbersTwiceAndFromTheCache) {
  evaluate_.baselines = false;
  const auto first = json_text(to_json(run().evaluation));
  EXPECT_EQ(json_text(to_json(run().evaluation)), first);
  view_.feature_cache = (folder_.path() / "cache").string();
  EXPECT_EQ(json_text(to_json(run().evaluation)), first);
  EXPECT_EQ(json_text(to_json(run().evaluation)), first);
}

TEST_F(RunSegmentTest, WritesWhatOthersRead) {
  evaluate_.baselines = false;
  const auto outcome = run();
  const auto out = folder_.path() / "out";
  write_segment_outcome(outcome, {out, folder_.path() / "pictures"});
  const auto json = parse_json(read_file(out / "segment.json"));
  EXPECT_EQ(json["kind"], "segment");
  EXPECT_EQ(json["classes"][1], "square");
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["confusion"].size(), 2);
  EXPECT_EQ(
      row["per_class"][1]["num_pixels"].get<int64_t>(),
      row["confusion"][1][0].get<int64_t>() +
          row["confusion"][1][1].get<int64_t>());
  const auto picture =
      raster::read_image(folder_.path() / "pictures/segment-linear.png");
  EXPECT_GT(picture.width(), 4 * 256);
  const auto text = to_text(outcome.evaluation);
  EXPECT_NE(text.find("mIoU"), std::string::npos);
  EXPECT_NE(text.find("square"), std::string::npos);
}

TEST_F(RunSegmentTest, LeavesAHeadThatGivesTheSamePicture) {
  evaluate_.baselines = false;
  for (const std::string kind : {"linear", "conv"}) {
    head_.head = {kind};
    const auto outcome = run();
    const auto saved = folder_.path() / kind;
    save_segment_head(outcome.heads[0], saved);
    const auto head = load_segment_head(saved);
    EXPECT_EQ(to_text(head.kind), kind);
    EXPECT_EQ(head.classes[1].name, "square");
    EXPECT_EQ(head.view.normalization, outcome.heads[0].view.normalization);
    const Segmenter segmenter(head, tiny_network());
    const auto data = open_segment_data(data_, {});
    const auto image =
        data.test.images.dataset->read(data.test.images.indices[0]);
    const auto mask = read_mask(data.test.masks[0], data);
    std::vector<raster::Image> windows;
    const auto places = window_places(kWorldSide, kWorldSide, 16);
    for (const auto& place : places) {
      windows.push_back(cut_window(image, place, 16));
    }
    const auto probability = segmenter.probabilities(windows);
    ASSERT_EQ(probability.sizes(), at::IntArrayRef({9, 2, 16, 16}));
    EXPECT_LT((probability.sum(1) - 1).abs().max().item<float>(), 1e-5);
    // The first window overlaps no other: its classes are those scored.
    Confusion confusion(2);
    const auto best = probability[0].argmax(0).to(at::kByte).contiguous();
    confusion.add(
        cut_window(mask, places[0], 16), {best.const_data_ptr<uint8_t>(), 256});
    EXPECT_GT(*confusion.accuracy(), 0.7) << kind;
    // Larger windows at the same scale.
    const std::vector<raster::Image> whole = {image};
    EXPECT_EQ(
        segmenter.probabilities(whole).sizes(),
        at::IntArrayRef({1, 2, 40, 40}));
    const std::vector<raster::Image> odd = {cut_window(image, {0, 0}, 13)};
    EXPECT_THROW((void)segmenter.probabilities(odd), Error);
  }
}

TEST_F(RunSegmentTest, OpensAHeadWithTheWeightsItNames) {
  evaluate_.baselines = false;
  const auto tiny = tiny_network();
  checkpoint::Weights weights;
  weights.config = tiny.network->config();
  for (const auto& parameter : tiny.network->named_parameters()) {
    weights.tensors[parameter.name] = parameter.tensor.detach();
  }
  weights.info["bands"] = {"R", "G", "B"};
  weights.info["normalization"] = data::to_json(*tiny.normalization);
  FeaturesConfig network;
  network.weights =
      checkpoint::save_weights(folder_.path() / "weights", weights).string();
  const auto frozen = load_frozen_network(network);
  const auto outcome = run_segment(
      frozen, open_segment_data(data_, {}), view_, head_, evaluate_);
  const auto out = folder_.path() / "out";
  write_segment_outcome(outcome, {out, out});
  const auto segmenter = Segmenter::open(out / "segment/linear");
  const std::vector<raster::Image> windows = {
      raster::Image(3, 16, 16, raster::PixelType::kUint8)};
  const auto probability = segmenter.probabilities(windows);
  EXPECT_TRUE(probability.equal(
      Segmenter(outcome.heads[0], frozen).probabilities(windows)));
  EXPECT_THROW((void)Segmenter::open(out / "segment/conv"), Error);
}

TEST_F(RunSegmentTest, MagnifiesWindowsForTheNetwork) {
  evaluate_.baselines = false;
  view_.window_px = 20;
  view_.input_px = 40;
  const auto outcome = run();
  EXPECT_EQ(outcome.heads[0].view.window_px, 20);
  EXPECT_EQ(outcome.evaluation.views, "windows of 20 px at 40 px, bicubic");
  const Segmenter segmenter(outcome.heads[0], tiny_network());
  const std::vector<raster::Image> windows = {
      raster::Image(3, 20, 20, raster::PixelType::kUint8)};
  EXPECT_EQ(
      segmenter.probabilities(windows).sizes(),
      at::IntArrayRef({1, 2, 20, 20}));
}

TEST_F(RunSegmentTest, RefusesWindowsThatDoNotFit) {
  view_.window_px = 48;
  EXPECT_THROW((void)run(), Error);
  view_.window_px = 16;
  view_.input_px = 20;
  EXPECT_THROW((void)run(), Error);
  view_.input_px = 0;
  view_.blocks = 7;
  EXPECT_THROW((void)run(), Error);
}

TEST_F(RunSegmentTest, RefusesAMaskOfAnotherSize) {
  raster::write_geotiff(
      folder_.path() / "masks" / "mask_3.tif",
      raster::Image(1, 40, 41, raster::PixelType::kUint8),
      world_place(3, 100));
  try {
    (void)run();
    FAIL() << "a mask of 40 x 41 pixels was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(std::string(error.what()).find("mask_3.tif"), std::string::npos);
  }
}

TEST_F(RunSegmentTest, RefusesHeadsOfOtherWeightsAndDamagedOnes) {
  evaluate_.baselines = false;
  const auto outcome = run();
  auto other = tiny_network();
  other.sha256 = "4567";
  EXPECT_THROW(Segmenter(outcome.heads[0], other), Error);
  const auto saved = folder_.path() / "saved";
  save_segment_head(outcome.heads[0], saved);
  const auto text = read_file(saved / "segment.json");
  auto json = parse_json(text);
  json["classes"].erase(0);
  write_file(saved / "segment.json", json_text(json));
  EXPECT_THROW((void)load_segment_head(saved), Error);
  write_file(saved / "segment.json", "{}");
  EXPECT_THROW((void)load_segment_head(saved), Error);
  EXPECT_THROW((void)load_segment_head(folder_.path() / "images"), Error);
}

TEST(SegmentSheet, ShowsImageMaskPredictionAndErrors) {
  const TemporaryFolder folder;
  write_masked_world(folder.path(), 6);
  SegmentDataConfig config;
  config.data = (folder.path() / "images").string();
  config.masks = (folder.path() / "masks").string();
  config.mask_name = "place=mask";
  config.classes = {"3=ground:#00ff00", "7=square:#0000ff"};
  config.ignore = {0};
  const auto data = open_segment_data(config, {});
  const std::vector<Mask> masks = {read_mask(data.test.masks[0], data)};
  const std::vector<std::vector<uint8_t>> all_ground = {
      std::vector<uint8_t>(kWorldSide * kWorldSide, 0)};
  const auto sheet =
      segment_sheet(data.test, masks, all_ground, data.classes, 4);
  const auto count = [&](uint8_t r, uint8_t g, uint8_t b, int64_t column) {
    int64_t sum = 0;
    for (int64_t row = 0; row < sheet.height() - 30; ++row) {
      for (int64_t col = column * 262; col < (column + 1) * 262; ++col) {
        const int64_t i = row * sheet.width() + col;
        sum += sheet.band<uint8_t>(0)[i] == r &&
                       sheet.band<uint8_t>(1)[i] == g &&
                       sheet.band<uint8_t>(2)[i] == b
                   ? 1
                   : 0;
      }
    }
    return sum;
  };
  EXPECT_GT(count(0, 0, 255, 1), 1000);  // the square of the mask
  EXPECT_EQ(count(0, 0, 255, 2), 0);     // none is predicted
  EXPECT_EQ(count(0, 255, 0, 2), 256 * 256);
  EXPECT_EQ(count(0xd5, 0x2b, 0x1e, 3), count(0, 0, 255, 1));
}

}  // namespace
}  // namespace nadir::eval
