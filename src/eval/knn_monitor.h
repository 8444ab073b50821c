// k-NN score of a network in training: small, quick, on images that are read
// once and kept as network input.
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "data/normalization.h"
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
  // Reads and cuts the images of both sets; keeps them as float32, which is
  // 4 * bands * crop_px^2 bytes an image. Throws what reading throws.
  KnnMonitor(
      Task task,
      const ImageSet& train,
      const ImageSet& test,
      const ViewRecipe& views,
      int64_t num_neighbours,
      int64_t num_threads);

  // The score of the last block's class token. Runs without gradients; takes
  // as long as a forward pass over both sets.
  [[nodiscard]] KnnScore score(
      const model::VisionTransformer& network,
      at::Device device,
      int64_t batch_size) const;

 private:
  Task task_;
  at::Tensor train_NCSS_;
  at::Tensor test_NCSS_;
  LabelMatrix train_labels_;
  LabelMatrix test_labels_;
  int64_t num_neighbours_;
};

}  // namespace nadir::eval
