#include "ssl/multi_crop_network.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::ssl {

MultiCropNetwork::MultiCropNetwork(
    const model::VitConfig& backbone, const model::HeadConfig& head) {
  backbone_ = register_module(
      "backbone", std::make_shared<model::VisionTransformer>(backbone));
  head_ = register_module(
      "head", std::make_shared<model::DinoHead>(backbone_->shape().dim, head));
}

at::Tensor MultiCropNetwork::features(
    const std::vector<at::Tensor>& groups,
    int64_t num_images,
    const std::optional<model::DropPathKey>& drop_path) const {
  std::vector<model::DropPathKey> keys;
  int64_t first_view = 0;
  for (const at::Tensor& group : groups) {
    NADIR_CHECK(
        num_images > 0 && group.size(0) > 0 && group.size(0) % num_images == 0,
        "a group of {} views cannot hold the views of {} images",
        group.size(0),
        num_images);
    if (drop_path) {
      keys.push_back(*drop_path);
      keys.back().images_per_view = num_images;
      keys.back().first_view += first_view;
    }
    first_view += group.size(0) / num_images;
  }
  return backbone_->forward_groups(groups, keys);
}

at::Tensor MultiCropNetwork::project(
    const at::Tensor& features, int64_t num_images) {
  const auto logits = head_->forward(features);
  return logits.view({-1, num_images, logits.size(1)});
}

at::Tensor MultiCropNetwork::forward(
    const std::vector<at::Tensor>& groups,
    int64_t num_images,
    const std::optional<model::DropPathKey>& drop_path) {
  return project(features(groups, num_images, drop_path), num_images);
}

void MultiCropNetwork::init_weights(RandomStream& random) {
  backbone_->init_weights(random);
  head_->init_weights(random);
}

}  // namespace nadir::ssl
