#include "cli/pretrain_data.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::cli {
namespace {

bool has_split(const data::Dataset& dataset, const std::string& split) {
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.split(i) == split) {
      return true;
    }
  }
  return false;
}

data::DatasetOptions dataset_options(const train::DataConfig& config) {
  data::DatasetOptions options;
  options.data = config.data_path;
  options.split = config.split == "all" ? "" : config.split;
  options.bands = config.bands;
  options.max_images = config.max_images;
  options.index = config.index;
  options.window_px = config.window_px;
  return options;
}

}  // namespace

PretrainData open_pretrain_data(
    const train::PretrainConfig& config,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  auto options = dataset_options(config.data);
  options.remote = remote;
  PretrainData data;
  data.remote = remote;
  data.dataset = data::open_dataset(options);
  if (config.data.split.empty() && has_split(*data.dataset, "train")) {
    options.split = "train";
    data.dataset = data::open_dataset(options);
  }
  NADIR_CHECK(
      data.dataset->size() > 0, "{} holds no images", config.data.data_path);
  const auto first = data.dataset->read(0);
  data.image_px = std::min(first.height(), first.width());
  data.normalization = data::make_normalization(
      config.data.normalization,
      data.dataset->bands(),
      first.type(),
      data.dataset->statistics());
  return data;
}

}  // namespace nadir::cli
