// All heads of a linear probe that read the same columns of features: L
// learning rates times C classes are the rows of one weight matrix, trained by
// SGD with momentum and analytic gradients. Private to the room.
// Shapes: N rows of features, B rows of a batch, F columns that are read.
#pragma once

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/task.h"

namespace nadir::eval {

// What a stack is made from. Tensors are float32 and on one device.
struct HeadStackSetup {
  at::Tensor features_NF;     // the columns, a view of all features
  at::Tensor labels;          // [images, C], 0 or 1
  at::Tensor weight_CF;       // at the start, of each rate; on the CPU
  std::vector<double> rates;  // L, as they multiply a step's gradient
  double momentum = 0.9;
  Task task = Task::kMultiLabel;
};

// Rows of features and of labels of one epoch, int64 on their device.
struct EpochOrder {
  at::Tensor feature_rows;
  at::Tensor label_rows;
};

class HeadStack {
 public:
  virtual ~HeadStack() = default;

  // `factor` is this epoch's share of the rates. Losses are summed anew where
  // they are wanted; that costs a pass over the logits.
  virtual void begin_epoch(double factor, bool keeps_loss) = 0;

  // One step on `batch` rows of the order, from row `begin` of it.
  virtual void step(const EpochOrder& order, int64_t begin, int64_t batch) = 0;

  [[nodiscard]] virtual at::Tensor weight() const = 0;     // [L * C, F]
  [[nodiscard]] virtual at::Tensor bias() const = 0;       // [L * C]
  [[nodiscard]] virtual at::Tensor loss_sums() const = 0;  // [L], over steps
};

// By LibTorch's operators, on any device.
[[nodiscard]] std::unique_ptr<HeadStack> make_tensor_stack(
    const HeadStackSetup& setup);

// On the CPU each row of features comes from memory once a step. Of any number
// of heads, in the panels that products read; and of a few, which leave most of
// a panel empty.
[[nodiscard]] std::unique_ptr<HeadStack> make_packed_stack(
    const HeadStackSetup& setup);
[[nodiscard]] std::unique_ptr<HeadStack> make_narrow_stack(
    const HeadStackSetup& setup);

// The faster one of both for this number of heads.
[[nodiscard]] std::unique_ptr<HeadStack> make_cpu_stack(
    const HeadStackSetup& setup);

}  // namespace nadir::eval
