#include "eval/frozen_network.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "checkpoint/weights.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "model/device.h"
#include "runs/run_folder.h"

namespace nadir::eval {

namespace {

// Of names and values, in the order of names.
std::string tensors_sha256(const checkpoint::TensorMap& tensors) {
  Hasher hasher(Hasher::Kind::kSha256);
  for (const auto& [name, tensor] : tensors) {
    const auto values = tensor.contiguous();
    hasher.update(name);
    hasher.update(
        {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  return hasher.hex();
}

void set_parameters(
    model::VisionTransformer& network, const checkpoint::TensorMap& tensors) {
  const at::NoGradGuard no_grad;
  for (auto& parameter : network.named_parameters()) {
    parameter.tensor.copy_(tensors.at(parameter.name));
    parameter.tensor.set_requires_grad(false);
  }
}

// Undefined where the weights do not say.
at::Tensor input_mean_of(const checkpoint::Weights& weights) {
  const auto found = weights.info.find("input_mean");
  if (found == weights.info.end() || !found->is_array()) {
    return {};
  }
  NADIR_CHECK(
      std::all_of(
          found->begin(),
          found->end(),
          [](const auto& value) { return value.is_number(); }),
      "{}: input_mean must be a number a band, got {}",
      weights.source,
      json_text(*found));
  const auto mean = found->get<std::vector<double>>();
  NADIR_CHECK(
      static_cast<int64_t>(mean.size()) == weights.config.in_channels,
      "{}: input_mean has {} numbers, the network {} bands",
      weights.source,
      mean.size(),
      weights.config.in_channels);
  return at::tensor(mean, at::kFloat);
}

// The run that `path` is, or lies in.
std::filesystem::path find_run(std::filesystem::path path) {
  constexpr int kDeepest = 3;
  for (int level = 0; level <= kDeepest && !path.empty(); ++level) {
    if (runs::RunFolder::exists(path)) {
      return path;
    }
    path = path.parent_path();
  }
  return {};
}

}  // namespace

FrozenNetwork load_frozen_network(const FeaturesConfig& config) {
  NADIR_CHECK(
      !config.weights.empty(),
      "--weights must name a run folder, a checkpoint, a safetensors file or a "
      ".pth");
  checkpoint::WeightsOptions options;
  options.path = config.weights;
  options.checkpoint_key = config.checkpoint_key;
  const auto weights = checkpoint::load_weights(options);

  FrozenNetwork frozen;
  frozen.device = model::open_device(config.device);
  frozen.network = std::make_shared<model::VisionTransformer>(weights.config);
  set_parameters(*frozen.network, weights.tensors);
  frozen.network->to(frozen.device);
  frozen.network->eval();
  frozen.precision = model::choose_precision(
      config.precision, model::Use::kInference, frozen.device);
  frozen.input_mean_C = input_mean_of(weights);
  frozen.network->freeze(frozen.precision, frozen.input_mean_C);
  frozen.name = config.weights;
  frozen.checkpoint_key = config.checkpoint_key;
  frozen.source = weights.source;
  frozen.sha256 = tensors_sha256(weights.tensors);
  const auto& info = weights.info;
  if (info.contains("bands") && info["bands"].is_array()) {
    info["bands"].get_to(frozen.bands);
  }
  if (info.contains("normalization") && info["normalization"].is_object()) {
    frozen.normalization = data::normalization_from_json(info["normalization"]);
  }
  NADIR_CHECK(
      config.bands.empty() || frozen.bands.empty() ||
          config.bands == frozen.bands,
      "--bands {} differs from the bands {} that {} was trained on; leave it "
      "out",
      fmt::join(config.bands, ","),
      fmt::join(frozen.bands, ","),
      config.weights);
  if (frozen.bands.empty()) {
    frozen.bands = config.bands;
  }
  frozen.run = find_run(std::filesystem::path(config.weights));
  return frozen;
}

ViewRecipe make_view_recipe(
    const FrozenNetwork& frozen,
    const data::Dataset& dataset,
    const FeaturesConfig& config) {
  return make_view_recipe(
      frozen,
      {dataset.bands(),
       [&dataset] { return dataset.read(0).type(); },
       dataset.statistics()},
      config);
}

ViewRecipe make_view_recipe(
    const FrozenNetwork& frozen,
    const InputPixels& input,
    const FeaturesConfig& config) {
  const auto& vit = frozen.network->config();
  NADIR_CHECK(
      static_cast<int64_t>(input.bands.size()) == vit.in_channels,
      "{} was trained on {} bands, the data gives {} ({}); choose with --bands",
      frozen.name,
      vit.in_channels,
      input.bands.size(),
      fmt::join(input.bands, ","));
  ViewRecipe views;
  if (frozen.normalization) {
    views.normalization = *frozen.normalization;
    NADIR_CHECK(
        config.normalization.empty() ||
            config.normalization == views.normalization.name,
        "--normalization {} differs from '{}', with which {} was trained; "
        "leave it out",
        config.normalization,
        views.normalization.name,
        frozen.name);
    NADIR_CHECK(
        views.normalization.bands == input.bands,
        "{} was trained on the bands {}, the data gives {}",
        frozen.name,
        fmt::join(views.normalization.bands, ","),
        fmt::join(input.bands, ","));
  } else {
    views.normalization = data::make_normalization(
        config.normalization.empty() ? "auto" : config.normalization,
        input.bands,
        input.type(),
        input.statistics);
    if (config.normalization.empty()) {
      log_warning(
          "eval",
          "{} does not say how its input was normalised; '{}' is taken for "
          "bands {} (--normalization)",
          frozen.name,
          views.normalization.name,
          fmt::join(input.bands, ","));
    }
  }
  set_view_size(frozen, config, views);
  return views;
}

void set_view_size(
    const FrozenNetwork& frozen,
    const FeaturesConfig& config,
    ViewRecipe& views) {
  const auto& vit = frozen.network->config();
  views.crop_px = config.crop_px > 0 ? config.crop_px : vit.image_size;
  views.resize_px = config.resize_px >= 0 ? config.resize_px
                                          : (views.crop_px * 256 + 112) / 224;
  NADIR_CHECK(
      views.crop_px % vit.patch_size == 0,
      "crop_px must be a multiple of the patch size {}, got {}",
      vit.patch_size,
      views.crop_px);
}

}  // namespace nadir::eval
