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
#include "model/device.h"
#include "train/run_estimate.h"

namespace nadir::bench {
namespace {

constexpr int64_t kSidePx = 224;
constexpr int64_t kFeatureBatch = 32;
constexpr int64_t kGpuFeatureBatch = 256;

std::shared_ptr<model::VisionTransformer> random_network(
    model::Precision precision, at::Device device) {
  const auto network =
      std::make_shared<model::VisionTransformer>(model::VitConfig{});
  RandomStream random(0, StreamPurpose::kInit);
  network->init_weights(random);
  network->to(device);
  network->eval();
  network->freeze(precision, at::zeros({3}));
  return network;
}

double forward_gflop_of(int64_t num_images) {
  return static_cast<double>(num_images) *
         train::forward_gflop(model::VitConfig{}, 3, kSidePx);
}

// Of images that lie on the device.
Measured time_features(const CaseContext& context, model::Precision precision) {
  const at::NoGradGuard no_grad;
  const auto device = model::open_device(context.device);
  const auto network = random_network(precision, device);
  const auto extract =
      eval::network_extractor(*network, eval::layout_of(*network, 4), device);
  const int64_t batch = device.is_cpu() ? kFeatureBatch : kGpuFeatureBatch;
  const auto images = at::randn({batch, 3, kSidePx, kSidePx}).to(device);
  Measured measured;
  measured.times = time_repeats(device.is_cpu() ? 3 : 20, [&] {
    (void)extract.features(images).to(at::kCPU);
  });
  measured.num_items = static_cast<double>(batch);
  measured.work = forward_gflop_of(batch);
  return measured;
}

Measured time_embedding(const CaseContext& context) {
  const at::NoGradGuard no_grad;
  const auto device = model::open_device(context.device);
  const auto network = random_network(model::Precision::kFp32, device);
  const auto layout = eval::layout_of(*network, 1, false);
  const auto extract = eval::network_extractor(*network, layout, device);
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

Case features_case(
    const char* name,
    const std::string& path,
    model::Precision precision,
    Limit limit) {
  return {
      name, path, "images/s", limit, [precision](const CaseContext& context) {
        return time_features(context, precision);
      }};
}

}  // namespace

std::vector<Case> embedding_cases(bool is_gpu) {
  std::vector<Case> all = {
      features_case(
          "features",
          fmt::format(
              "features, ViT-S/16, {} px, batch {}, from memory",
              kSidePx,
              is_gpu ? kGpuFeatureBatch : kFeatureBatch),
          model::Precision::kFp32,
          Limit::kProducts),
      features_case(
          "features_bf16",
          "the same in bfloat16",
          model::Precision::kBf16,
          is_gpu ? Limit::kBf16Products : Limit::kProducts)};
  if (!is_gpu) {
    all.push_back(features_case(
        "features_int8",
        "the same in 8-bit numbers",
        model::Precision::kInt8,
        Limit::kProducts));
  }
  all.push_back(
      {"embed",
       "PNG files of 120 px to embeddings on disk, ViT-S/16, 224 px",
       "images/s",
       Limit::kProducts,
       time_embedding});
  return all;
}

}  // namespace nadir::bench
