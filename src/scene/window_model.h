// What is computed of each window: the place where a network, with whatever
// stands on it, meets the map. A probe says one thing of a whole window; a head
// on patch tokens would say it of parts of the window.
// Shapes: B windows, C bands, S side, K values, P parts along an axis.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/features.h"
#include "eval/frozen_network.h"
#include "eval/probe.h"
#include "scene/window_store.h"

namespace nadir::scene {

class WindowModel {
 public:
  virtual ~WindowModel() = default;

  [[nodiscard]] virtual const std::vector<WindowField>& fields() const = 0;

  // [B, C, S, S] float32 on the CPU -> [B, K, P, P] float32 on the CPU for each
  // field. Not thread-safe. May throw Stopped after a signal.
  [[nodiscard]] virtual std::vector<at::Tensor> forward(
      const at::Tensor& views_BCSS) const = 0;
};

// Names of the fields of a FrozenModel.
inline constexpr char kProbabilities[] = "probabilities";
inline constexpr char kEmbedding[] = "embedding";

// A frozen network with a probe's probabilities, its embedding, or both, a
// value a window: the numbers of `nadir predict` and `nadir embed`.
class FrozenModel : public WindowModel {
 public:
  // `embedding` are columns of `layout`. Throws Error{kInvalidArgument} where
  // the probe is of another network.
  FrozenModel(
      eval::FrozenNetwork frozen,
      std::optional<eval::Probe> probe,
      const eval::FeatureLayout& layout,
      std::optional<eval::FeatureColumns> embedding);

  [[nodiscard]] const std::vector<WindowField>& fields() const override {
    return fields_;
  }

  [[nodiscard]] std::vector<at::Tensor> forward(
      const at::Tensor& views_BCSS) const override;

 private:
  eval::FrozenNetwork frozen_;
  std::optional<eval::Probe> probe_;
  eval::FeatureLayout layout_;
  std::optional<eval::FeatureColumns> embedding_;
  eval::Extractor extractor_;
  std::vector<WindowField> fields_;
};

}  // namespace nadir::scene
