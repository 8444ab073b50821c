// Features of ViT-S/16 at 224 px: of images in memory, and from image files to
// a file of embeddings, as `nadir embed` makes them.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "bench/cases.h"
#include "bench/timing.h"
#include "core/random.h"
#include "eval/feature_file.h"
#include "eval/features.h"
#include "eval/prediction.h"
#include "train/run_estimate.h"

namespace nadir::bench {
namespace {

constexpr int64_t kSidePx = 224;
constexpr int64_t kFeatureBatch = 32;

std::shared_ptr<model::VisionTransformer> random_network(
    model::Precision precision) {
  const auto network =
      std::make_shared<model::VisionTransformer>(model::VitConfig{});
  RandomStream random(0, StreamPurpose::kInit);
  network->init_weights(random);
  network->eval();
  network->freeze(precision);
  return network;
}

double forward_gflop_of(int64_t num_images) {
  return static_cast<double>(num_images) *
         train::forward_gflop(model::VitConfig{}, 3, kSidePx);
}

Measured time_features_in(model::Precision precision) {
  const at::NoGradGuard no_grad;
  const auto network = random_network(precision);
  const auto extract =
      eval::network_extractor(*network, eval::layout_of(*network, 4), at::kCPU);
  const auto images = at::randn({kFeatureBatch, 3, kSidePx, kSidePx});
  Measured measured;
  measured.times = time_repeats(3, [&] { (void)extract(images); });
  measured.num_items = kFeatureBatch;
  measured.work = forward_gflop_of(kFeatureBatch);
  return measured;
}

Measured time_features(const CaseContext& /*context*/) {
  return time_features_in(model::Precision::kFp32);
}

Measured time_bf16_features(const CaseContext& /*context*/) {
  return time_features_in(model::Precision::kBf16);
}

Measured time_int8_features(const CaseContext& /*context*/) {
  return time_features_in(model::Precision::kInt8);
}

Measured time_embedding(const CaseContext& context) {
  const at::NoGradGuard no_grad;
  const auto network = random_network(model::Precision::kFp32);
  const auto layout = eval::layout_of(*network, 1, false);
  const auto extract = eval::network_extractor(*network, layout, at::kCPU);
  const auto folder = context.data.pictures();
  int64_t num_images = 0;
  const auto embed = [&] {
    data::DatasetOptions options;
    options.data = folder.string();
    const std::shared_ptr<const data::Dataset> dataset =
        data::open_dataset(options);
    eval::ViewRecipe views;
    views.normalization = data::make_normalization(
        "auto", dataset->bands(), raster::PixelType::kUint8, nullptr);
    const auto images = eval::unlabelled_images(dataset, "", 0);
    num_images = images.size();
    const auto columns = layout.columns(1, false);
    const auto features = eval::extract_features(
                              images,
                              views,
                              extract,
                              kFeatureBatch,
                              context.num_threads,
                              "embedding")
                              .narrow(1, columns.begin, columns.width);
    auto path = context.data.new_path();
    path += ".npy";
    eval::write_features(eval::make_feature_table(images, features, {}), path);
  };
  Measured measured;
  measured.times = time_repeats(2, embed);
  measured.num_items = static_cast<double>(num_images);
  measured.work = forward_gflop_of(num_images);
  measured.note = fmt::format("{} files", num_images);
  return measured;
}

}  // namespace

std::vector<Case> embedding_cases() {
  return {
      {"features",
       "features, ViT-S/16, 224 px, batch 32, from memory",
       "images/s",
       Limit::kProducts,
       time_features},
      {"features_bf16",
       "the same in bfloat16",
       "images/s",
       Limit::kProducts,
       time_bf16_features},
      {"features_int8",
       "the same in 8-bit numbers",
       "images/s",
       Limit::kProducts,
       time_int8_features},
      {"embed",
       "PNG files of 120 px to embeddings on disk, ViT-S/16, 224 px",
       "images/s",
       Limit::kProducts,
       time_embedding}};
}

}  // namespace nadir::bench
