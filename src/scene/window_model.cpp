#include "scene/window_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "core/signals.h"
#include "eval/prediction.h"

namespace nadir::scene {

FrozenModel::FrozenModel(
    eval::FrozenNetwork frozen,
    std::optional<eval::Probe> probe,
    const eval::FeatureLayout& layout,
    std::optional<eval::FeatureColumns> embedding)
    : frozen_(std::move(frozen)),
      probe_(std::move(probe)),
      layout_(layout),
      embedding_(std::move(embedding)) {
  NADIR_ASSERT(probe_ || embedding_);
  if (probe_) {
    eval::check_probe_fits(*probe_, frozen_);
    fields_.push_back(
        {kProbabilities, static_cast<int64_t>(probe_->class_names.size()), 1});
  }
  if (embedding_) {
    fields_.push_back({kEmbedding, embedding_->width, 1});
  }
  extractor_ =
      eval::network_extractor(*frozen_.network, layout_, frozen_.device, [] {
        stop_if_told("windows of the batch in hand");
      });
}

std::vector<at::Tensor> FrozenModel::forward(
    const at::Tensor& views_BCSS) const {
  const at::NoGradGuard no_grad;
  const auto features_BF = extractor_.features(views_BCSS).to(at::kCPU);
  const auto as_field = [](const at::Tensor& values_BK) {
    return values_BK.contiguous().view(
        {values_BK.size(0), values_BK.size(1), 1, 1});
  };
  std::vector<at::Tensor> outputs;
  if (probe_) {
    // The probe counts in the columns of its own, perhaps shorter, layout.
    const int64_t begin =
        (layout_.num_blocks - probe_->layout.num_blocks) * layout_.dim;
    outputs.push_back(as_field(eval::head_probabilities(
        probe_->head,
        features_BF.narrow(1, begin, probe_->layout.width()),
        probe_->task)));
  }
  if (embedding_) {
    outputs.push_back(
        as_field(features_BF.narrow(1, embedding_->begin, embedding_->width)));
  }
  return outputs;
}

}  // namespace nadir::scene
