// Linear probes on frozen features: every learning rate and every set of
// features trained in one pass as stacked heads, with analytic gradients.
// Protocol: the reference DINO's eval_linear (docs/dino.md, section 8); with
// several labels an image, sigmoid outputs and binary cross-entropy.
// Shapes: N images, V views of each, F feature columns, C classes.
#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/label_matrix.h"
#include "eval/linear_probe_config.h"
#include "eval/metrics.h"
#include "eval/task.h"

namespace nadir::eval {

// Consecutive columns of a feature matrix that a head reads, and what they
// are: "cls of 4 blocks + mean patch".
struct FeatureColumns {
  std::string name;
  int64_t begin = 0;
  int64_t width = 0;
};

// Features stay where they are; float32, on one device. With V > 1, row
// v * N + n is view v of image n, and epoch e reads view (e + n) mod V.
struct ProbeData {
  at::Tensor features_NF;  // [V * N, F]
  LabelMatrix labels;      // N rows
};

struct LinearHead {
  at::Tensor weight_CF;  // [C, columns.width]
  at::Tensor bias_C;
  FeatureColumns columns;
  double learning_rate = 0;  // for a batch of 256, as the user gave it
  double final_loss = 0;     // mean over the last epoch
};

// Throws Error{kInvalidArgument} on a field out of range: to be asked before
// features are made.
void check_config(const LinearProbeConfig& config);

// One head for each (columns, learning rate), columns outermost. The first
// weights are N(0, 0.01), drawn from (seed, class name), so that neither the
// order of classes nor the rest of the grid changes a head. The rate of epoch
// e is lr * batch_size / 256 * (1 + cos(pi e / epochs)) / 2.
// Throws Error{kInvalidArgument} on fields out of range, shapes that disagree,
// or an image without exactly one label where the task is single-label.
[[nodiscard]] std::vector<LinearHead> train_linear_heads(
    const ProbeData& train,
    const std::vector<std::string>& class_names,
    Task task,
    const std::vector<FeatureColumns>& columns,
    const LinearProbeConfig& config);

// Probabilities (softmax or sigmoid) [N, C], float32 on the features' device;
// `features_NF` has all F columns.
[[nodiscard]] at::Tensor head_probabilities(
    const LinearHead& head, const at::Tensor& features_NF, Task task);

// The same beside the truth, for metrics.h.
[[nodiscard]] ScoredLabels score_head(
    const LinearHead& head,
    const at::Tensor& features_NF,
    const LabelMatrix& labels,
    Task task);

// The head that does best on the validation images, by macro AP where there
// are several labels an image, else by top-1 accuracy; of equal ones the
// first. Heads that left the finite numbers are passed over; throws
// Error{kInvalidArgument} if all did.
struct HeadChoice {
  int64_t index = 0;
  double score = 0;
  std::vector<double> scores;  // of every head; NaN where it diverged
};

[[nodiscard]] HeadChoice select_head(
    const std::vector<LinearHead>& heads,
    const at::Tensor& features_NF,
    const LabelMatrix& labels,
    Task task);

}  // namespace nadir::eval
