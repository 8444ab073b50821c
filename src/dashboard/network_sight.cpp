#include "dashboard/network_sight.h"

#include <algorithm>
#include <mutex>

#include <ATen/ATen.h>

#include "augment/view_config.h"
#include "core/config.h"
#include "eval/frozen_network.h"
#include "eval/pictures.h"
#include "raster/image_file.h"
#include "report/run.h"

namespace nadir::dashboard {
namespace {

constexpr int64_t kMinSide = 224;
constexpr int64_t kMaxSide = 480;

// The augmentation that a run was trained with.
augment::ViewConfig view_config_of(const std::filesystem::path& run_folder) {
  augment::ViewConfig config;
  if (run_folder.empty()) {
    return config;
  }
  const auto run = report::read_run_files(run_folder);
  for (const auto& field : fields_of(config)) {
    auto text = run.config_value(field.key);
    std::erase_if(text, [](char letter) {
      return letter == '[' || letter == ']' || letter == ' ';
    });
    if (!text.empty()) {
      set_field(field, text);
    }
  }
  return config;
}

uint64_t seed_of(const std::filesystem::path& run_folder) {
  return run_folder.empty() ? 0
                            : std::strtoull(
                                  report::read_run_files(run_folder)
                                      .config_value("seed")
                                      .c_str(),
                                  nullptr,
                                  10);
}

}  // namespace

struct NetworkSight::State {
  State(const eval::FeaturesConfig& config, data::DatasetOptions source)
      : frozen(eval::load_frozen_network(config)) {
    source.bands = frozen.bands;
    dataset = data::open_dataset(source);
    normalization =
        eval::make_view_recipe(frozen, *dataset, config).normalization;
    views = view_config_of(frozen.run);
    seed = seed_of(frozen.run);
  }

  [[nodiscard]] at::Tensor input(int64_t id) const {
    const auto tile = dataset->read(id);
    const int64_t patch = frozen.network->config().patch_size;
    const int64_t side = std::clamp(
        2 * std::max(tile.height(), tile.width()), kMinSide, kMaxSide);
    return eval::network_input(tile, normalization, side / patch * patch)
        .to(frozen.device);
  }

  eval::FrozenNetwork frozen;
  std::shared_ptr<const data::Dataset> dataset;
  data::Normalization normalization;
  augment::ViewConfig views;
  uint64_t seed = 0;
  std::mutex mutex;  // of the network
};

NetworkSight::NetworkSight(
    const eval::FeaturesConfig& config, data::DatasetOptions source)
    : state_(std::make_unique<State>(config, std::move(source))) {}

NetworkSight::~NetworkSight() = default;

int64_t NetworkSight::num_heads() const {
  return state_->frozen.network->shape().num_heads;
}

std::string NetworkSight::attention_png(int64_t id, int64_t head) const {
  const auto input = state_->input(id);
  const std::lock_guard lock(state_->mutex);
  const auto map = eval::attention_maps(*state_->frozen.network, input)[head];
  const auto low = map.min();
  const auto range = (map.max() - low).clamp_min(1e-12);
  return raster::encode_png(eval::colour_map((map - low) / range));
}

std::string NetworkSight::components_png(int64_t id) const {
  const auto input = state_->input(id);
  const std::lock_guard lock(state_->mutex);
  const auto components =
      eval::token_components(*state_->frozen.network, input)[0];
  return raster::encode_png(eval::colour_picture(components));
}

std::string NetworkSight::views_png(int64_t id, int64_t epoch) const {
  eval::ImageSet images;
  images.dataset = state_->dataset;
  images.indices = {id};
  return raster::encode_png(eval::view_sheet(
      images,
      state_->normalization,
      state_->views,
      state_->seed,
      static_cast<uint64_t>(epoch)));
}

}  // namespace nadir::dashboard
