// Maps of what a segmentation head says of the pixels.
#include <ATen/ATen.h>

#include "core/error.h"
#include "core/hash.h"
#include "scene/scene_map.h"
#include "scene/segment_model.h"

namespace nadir::scene {
namespace {

// Of what decides the probabilities.
std::string head_sha256(const eval::SegmentHead& head) {
  Hasher hasher(Hasher::Kind::kSha256);
  for (const auto& one : head.classes) {
    hasher.update(one.name + "\n");
  }
  auto tensors = head.layers;
  tensors.push_back(head.mean_D);
  tensors.push_back(head.std_D);
  for (const auto& tensor : tensors) {
    const auto values = tensor.contiguous();
    hasher.update(
        {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  return hasher.hex();
}

}  // namespace

void SceneMap::load_segment_model() {
  auto segmenter =
      eval::Segmenter::open(config_.segment, config_.device, config_.precision);
  const auto& head = segmenter.head();
  auto& window_px = config_.window_px;
  window_px = window_px == 0 ? head.view.window_px : window_px;
  const int64_t parts = config_.cell_px == 0 ? token_parts(segmenter, window_px)
                                             : window_px / config_.cell_px;
  NADIR_CHECK(
      config_.cell_px == 0 || window_px % config_.cell_px == 0,
      "cell_px must divide window_px, which is {}, got {}",
      window_px,
      config_.cell_px);
  views_.normalization = head.view.normalization;
  views_.resize_px = 0;
  views_.crop_px = input_px_of(segmenter, window_px);
  SceneOptions options;
  options.path = config_.scene;
  options.bands = views_.normalization.bands;
  options.band_names = config_.band_names;
  options.nodata = config_.nodata;
  scene_ = std::make_unique<Scene>(options);
  weights_ = segmenter.frozen().source;
  weights_sha256_ = segmenter.frozen().sha256;
  precision_ = model::precision_name(segmenter.frozen().precision);
  for (const auto& one : head.classes) {
    class_names_.push_back(one.name);
  }
  probe_sha256_ = head_sha256(head);
  model_ =
      std::make_unique<SegmentModel>(std::move(segmenter), window_px, parts);
}

}  // namespace nadir::scene
