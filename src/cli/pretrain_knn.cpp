#include "cli/pretrain_knn.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/log.h"
#include "eval/knn_monitor.h"
#include "eval/splits.h"

namespace nadir::cli {
namespace {

// One global view in float32.
double bytes_of_input(
    const train::PretrainConfig& config, const PretrainData& data) {
  const int64_t side = config.views.global_crop_size;
  return static_cast<double>(
      4 * side * side * static_cast<int64_t>(data.dataset->bands().size()));
}

bool has_knn_score(
    const train::PretrainConfig& config, const PretrainData& data) {
  return !data.dataset->class_names().empty() &&
         config.run.knn_every_epochs > 0;
}

// The most images of each of the two sides of the k-NN score. They stay in
// memory as network input, which is kept below 1 GiB.
int64_t most_knn_images(
    const train::PretrainConfig& config, const PretrainData& data) {
  return std::min(
      config.run.knn_images,
      static_cast<int64_t>(0x1p30 / (2 * bytes_of_input(config, data))));
}

// Data that cannot be divided is trained on without a k-NN score.
std::optional<eval::Splits> open_monitored_splits(
    const eval::SplitConfig& config,
    const std::vector<std::string>& bands,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  try {
    return eval::open_splits(config, bands, true, remote);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) {
      throw;
    }
    log_warning(
        "train",
        "no k-NN score while training: {} (--knn-every-epochs 0 asks for none)",
        error.what());
    return std::nullopt;
  }
}

}  // namespace

double bytes_of_knn_images(
    const train::PretrainConfig& config, const PretrainData& data) {
  if (!has_knn_score(config, data)) {
    return 0;
  }
  const int64_t num_images =
      std::min(most_knn_images(config, data), data.dataset->size());
  return 2 * bytes_of_input(config, data) * static_cast<double>(num_images);
}

train::Evaluate make_knn_evaluation(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device,
    std::shared_ptr<const distributed::Communicator> group) {
  if (!has_knn_score(config, data)) {
    return {};
  }
  const int64_t side = config.views.global_crop_size;
  const int64_t num_images = most_knn_images(config, data);
  eval::SplitConfig splits;
  splits.data = config.data.data_path;
  splits.index = config.data.index;
  splits.max_train = num_images;
  splits.max_val = num_images;  // the test images are scored once, at last
  const auto opened =
      open_monitored_splits(splits, data.dataset->bands(), data.remote);
  if (!opened) {
    return {};
  }
  eval::ViewRecipe views;
  views.normalization = data.normalization;
  views.crop_px = side;
  views.resize_px = std::llround(static_cast<double>(side) * 256 / 224);
  auto monitor = std::make_shared<eval::KnnMonitor>(
      opened->task,
      opened->train,
      opened->validation,
      views,
      config.run.knn_neighbours,
      config.run.num_workers,
      std::move(group));
  const int64_t batch = config.optim.batch_size_per_gpu;
  return [monitor, device, batch](const model::VisionTransformer& network) {
    const auto score = monitor->score(network, device, batch);
    return train::Score{score.name, score.score};
  };
}

}  // namespace nadir::cli
