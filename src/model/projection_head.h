// The projection head of DINO: a small MLP, L2 normalisation, and a
// weight-normed linear map onto K prototypes. Caron et al. 2021,
// arXiv:2104.14294, appendix C; parameter names as the reference's.
// Shapes: B rows, D features, K prototypes.
#pragma once

#include <memory>
#include <vector>

#include "core/random.h"
#include "model/head_config.h"
#include "model/layers.h"
#include "model/module.h"

namespace nadir::model {

// Weights are NaN until init_weights() or a checkpoint sets them.
class DinoHead : public Module {
 public:
  // Throws Error{kInvalidArgument} if a field is out of range.
  DinoHead(int64_t in_dim, const HeadConfig& config);

  // Logits [B, K]: cosines to the prototypes, times their magnitudes. With
  // batch normalisation in training mode the running statistics move.
  [[nodiscard]] at::Tensor forward(const at::Tensor& features_BD);

  // Linear weights normal(0, 0.02) and biases 0; prototypes
  // U(+-1 / sqrt(bottleneck)) with magnitude 1.
  void init_weights(RandomStream& random);

  // Batch normalisation is over the rows of all ranks from now on.
  void share_batch_norm(
      const std::shared_ptr<const distributed::Communicator>& group);

  [[nodiscard]] const HeadConfig& config() const noexcept { return config_; }

 private:
  struct LastLayer : Module {
    at::Tensor weight_g;  // [K, 1]: magnitudes
    at::Tensor weight_v;  // [K, bottleneck]: directions, of any length
  };

  struct Layer {
    std::shared_ptr<Linear> linear;
    std::shared_ptr<BatchNorm> norm;  // null without use_bn_in_head
  };

  HeadConfig config_;
  std::vector<Layer> layers_;
  std::shared_ptr<LastLayer> last_layer_;
};

}  // namespace nadir::model
