// k-NN score of a network in training: small, quick, on images that are read
// once and kept as network input.
#pragma once

#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

#include "data/normalization.h"
#include "distributed/communicator.h"
#include "eval/features.h"
#include "eval/splits.h"
#include "model/vision_transformer.h"

namespace nadir::eval {

struct KnnScore {
  double score = 0;
  std::string name;  // "knn_accuracy", or "knn_ap_macro" for several labels
  int64_t num_neighbours = 0;
};

// Not thread-safe.
class KnnMonitor {
 public:
  // Reads and cuts this rank's share of the images of both sets; keeps them as
  // float32, which is 4 * bands * crop_px^2 bytes an image. Throws what reading
  // throws.
  KnnMonitor(
      Task task,
      const ImageSet& train,
      const ImageSet& test,
      const ViewRecipe& views,
      int64_t num_neighbours,
      int64_t num_threads,
      std::shared_ptr<const distributed::Communicator> group =
          std::make_shared<distributed::Communicator>());

  // The score of the last block's class token, the same on all ranks, each of
  // which must call it. Runs without gradients; takes as long as a forward pass
  // over the rank's share of both sets. Throws Error{kDistributed} where a peer
  // is lost.
  [[nodiscard]] KnnScore score(
      const model::VisionTransformer& network,
      at::Device device,
      int64_t batch_size) const;

 private:
  // Class tokens of all images of a set, of which this rank has some.
  [[nodiscard]] at::Tensor class_tokens(
      const model::VisionTransformer& network,
      const at::Tensor& own_NCSS,
      int64_t num_images,
      at::Device device,
      int64_t batch_size) const;

  std::shared_ptr<const distributed::Communicator> group_;
  Task task_;
  at::Tensor train_NCSS_;  // of this rank
  at::Tensor test_NCSS_;
  LabelMatrix train_labels_;
  LabelMatrix test_labels_;
  int64_t num_neighbours_;
};

}  // namespace nadir::eval
