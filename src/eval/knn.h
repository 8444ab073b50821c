// Weighted k-nearest-neighbour classification of frozen features. Wu et al.
// 2018, arXiv:1805.01978, as the reference DINO's eval_knn does it; with
// several labels an image each class is voted on by itself.
// Shapes: N train images, M test images, D feature width.
#pragma once

#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "distributed/communicator.h"
#include "eval/knn_config.h"
#include "eval/label_matrix.h"
#include "eval/metrics.h"

namespace nadir::eval {

struct KnnVotes {
  int64_t num_neighbours = 0;  // the k that was asked for, at most N
  ScoredLabels scored;         // weighted share of neighbours with the class
};

// Throws Error{kInvalidArgument} on a field out of range: to be asked before
// features are made.
void check_config(const KnnConfig& config);

// Votes for every k of `config`, ascending, those above N clipped to N and
// then named once. Features are float32 on the CPU, normalised here; equal
// similarities go to the lower train index. Memory beside the features: those
// of length 1, half as much again for the train images
// (search/nearest_of_many.h), and a few MB a thread.
// The processes of `group`, which all have the same features, share the test
// images in blocks, and all get all votes: the same bits as one process's.
// `before_block` is called often, from any of LibTorch's threads, and may
// throw.
// Throws Error{kInvalidArgument} on shapes that disagree, an empty train set,
// k < 1, temperature <= 0 or features that are not finite.
[[nodiscard]] std::vector<KnnVotes> knn_votes(
    const at::Tensor& train_ND,
    const LabelMatrix& train_labels,
    const at::Tensor& test_MD,
    const LabelMatrix& test_labels,
    const KnnConfig& config,
    const distributed::Communicator& group = distributed::Communicator(),
    const std::function<void()>& before_block = {});

}  // namespace nadir::eval
