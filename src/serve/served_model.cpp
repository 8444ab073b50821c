#include "serve/served_model.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/config.h"
#include "core/error.h"
#include "eval/prediction.h"

namespace nadir::serve {
namespace {

bool is_output(const ServedModelOptions& options, const std::string& name) {
  if (options.outputs.empty()) {
    return name == (options.probe.empty() ? "embedding" : "labels");
  }
  return std::find(options.outputs.begin(), options.outputs.end(), name) !=
         options.outputs.end();
}

void check_outputs(const ServedModelOptions& options) {
  for (const auto& output : options.outputs) {
    NADIR_CHECK(
        output == "labels" || output == "embedding",
        "outputs must be labels, embedding or both, got '{}'",
        output);
  }
  NADIR_CHECK(
      !is_output(options, "labels") || !options.probe.empty(),
      "labels need a probe; `nadir eval linear` trains one");
}

// The view of a network without a probe; there is no data to look at.
eval::ViewRecipe served_views(
    const eval::FrozenNetwork& frozen, const eval::FeaturesConfig& config) {
  eval::ViewRecipe views;
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
  } else {
    NADIR_CHECK(
        !frozen.bands.empty() && !config.normalization.empty(),
        "{} does not say which bands it takes and how they are normalised; "
        "give --bands and --normalization",
        frozen.name);
    const bool is_color = frozen.bands[0].size() == 1;  // R, G, B, grey
    views.normalization = data::make_normalization(
        config.normalization,
        frozen.bands,
        is_color ? raster::PixelType::kUint8 : raster::PixelType::kUint16,
        nullptr);
  }
  eval::set_view_size(frozen, config, views);
  return views;
}

std::vector<float> row_of(const at::Tensor& rows, int64_t index) {
  const auto* values = rows.const_data_ptr<float>() + index * rows.size(1);
  return {values, values + rows.size(1)};
}

}  // namespace

ServedModel::ServedModel(const ServedModelOptions& options)
    : frozen_(eval::load_frozen_network(options.features)) {
  check_outputs(options);
  eval::ViewRecipe views;
  if (options.probe.empty()) {
    views = served_views(frozen_, options.features);
  } else {
    NADIR_CHECK(
        options.features.crop_px == 0 && options.features.resize_px < 0 &&
            options.features.normalization.empty(),
        "the probe {} says how views are cut and normalised; leave out "
        "--crop-px, --resize-px and --normalization",
        options.probe);
    probe_ = eval::load_probe(options.probe);
    eval::check_probe_fits(*probe_, frozen_);
    views = probe_->views;
  }
  const auto num_bands = static_cast<int64_t>(views.normalization.bands.size());
  NADIR_CHECK(
      num_bands == frozen_.network->config().in_channels,
      "{} takes {} bands, the normalisation is for {}",
      frozen_.name,
      frozen_.network->config().in_channels,
      num_bands);
  layout_ = eval::layout_of(
      *frozen_.network,
      std::max(options.blocks, probe_ ? probe_->layout.num_blocks : 1),
      options.mean_patch || (probe_ && probe_->layout.has_mean));
  extractor_ =
      eval::network_extractor(*frozen_.network, layout_, frozen_.device);
  info_.weights = frozen_.source;
  info_.weights_sha256 = frozen_.sha256;
  info_.precision = model::precision_name(frozen_.precision);
  info_.normalization = views.normalization;
  info_.resize_px = views.resize_px;
  info_.crop_px = views.crop_px;
  if (is_output(options, "embedding")) {
    embedding_ = layout_.columns(options.blocks, options.mean_patch);
    info_.embedding = embedding_->name;
    info_.embedding_dim = embedding_->width;
  }
  if (!is_output(options, "labels")) {
    probe_.reset();
    return;
  }
  info_.task = eval::to_text(probe_->task);
  info_.class_names = probe_->class_names;
  info_.thresholds = probe_->thresholds;
}

std::vector<ModelOutput> ServedModel::forward(
    std::span<float> views, int64_t count) const {
  const at::NoGradGuard no_grad;
  const auto num_bands = static_cast<int64_t>(info_.normalization.bands.size());
  const auto features_BF =
      extractor_
          .features(at::from_blob(
              views.data(),
              {count, num_bands, info_.crop_px, info_.crop_px},
              at::kFloat))
          .to(at::kCPU);
  at::Tensor probability_BC;
  at::Tensor embedding_BF;
  std::vector<std::vector<std::string>> labels(static_cast<size_t>(count));
  const auto is_finite_B = at::isfinite(features_BF).all(1);
  if (probe_) {
    // The probe counts in the columns of its own, perhaps shorter, layout.
    const int64_t begin =
        (layout_.num_blocks - probe_->layout.num_blocks) * layout_.dim;
    probability_BC = eval::head_probabilities(
                         probe_->head,
                         features_BF.narrow(1, begin, probe_->layout.width()),
                         probe_->task)
                         .contiguous();
    labels = eval::chosen_labels(*probe_, probability_BC);
  }
  if (embedding_) {
    embedding_BF = features_BF.narrow(1, embedding_->begin, embedding_->width)
                       .contiguous();
  }
  std::vector<ModelOutput> outputs(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    auto& output = outputs[static_cast<size_t>(i)];
    output.is_finite = is_finite_B[i].item<bool>();
    output.labels = std::move(labels[static_cast<size_t>(i)]);
    if (probe_) {
      output.probabilities = row_of(probability_BC, i);
    }
    if (embedding_) {
      output.embedding = row_of(embedding_BF, i);
    }
  }
  return outputs;
}

}  // namespace nadir::serve
