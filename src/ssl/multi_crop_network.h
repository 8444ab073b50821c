// Backbone and projection head, run over views of several sizes.
// Shapes: V views, B images, C bands, D features, K prototypes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/module.h"
#include "model/projection_head.h"
#include "model/vision_transformer.h"

namespace nadir::ssl {

// Parameters are named backbone.* and head.*, as in the reference's
// checkpoints. Weights are NaN until init_weights() or a checkpoint sets them.
class MultiCropNetwork : public model::Module {
 public:
  MultiCropNetwork(
      const model::VitConfig& backbone, const model::HeadConfig& head);

  // Logits [V, B, K]. Each of `groups` holds the views of one size,
  // [n * B, C, H, W], row v * B + b being view v of image b; the backbone runs
  // once for each group, the head once over all views, in order of the groups.
  // `drop_path` is as for VisionTransformer, its views counted over the groups
  // from its first_view on.
  // Throws Error{kInvalidArgument} if a group is not a multiple of B images.
  [[nodiscard]] at::Tensor forward(
      const std::vector<at::Tensor>& groups,
      int64_t num_images,
      const std::optional<model::DropPathKey>& drop_path = std::nullopt);

  // The first half of forward(): normed class tokens [V * B, D].
  [[nodiscard]] at::Tensor features(
      const std::vector<at::Tensor>& groups,
      int64_t num_images,
      const std::optional<model::DropPathKey>& drop_path = std::nullopt) const;

  // The second: logits [V, B, K] of features [V * B, D].
  [[nodiscard]] at::Tensor project(
      const at::Tensor& features, int64_t num_images);

  void init_weights(RandomStream& random);

  [[nodiscard]] model::VisionTransformer& backbone() const {
    return *backbone_;
  }

  [[nodiscard]] model::DinoHead& head() const { return *head_; }

 private:
  std::shared_ptr<model::VisionTransformer> backbone_;
  std::shared_ptr<model::DinoHead> head_;
};

}  // namespace nadir::ssl
