// Numbers of tokens and parameters of the networks that a configuration asks
// for, without building them. Counts are doubles: what they go into is.
#pragma once

#include "model/vit_config.h"
#include "train/pretrain_config.h"

namespace nadir::train {

constexpr double kMlpRatio = 4;

// Of a view of `side_px` pixels, the class token included.
[[nodiscard]] double num_tokens(int64_t side_px, int64_t patch_size);

// Of one transformer block of width `dim`.
[[nodiscard]] double num_block_parameters(double dim);

// Of the backbone.
[[nodiscard]] double num_backbone_parameters(
    const PretrainConfig& config, int64_t num_bands);

// The head's matrices but the last: what a row costs in multiplications there.
[[nodiscard]] double num_hidden_head_weights(const PretrainConfig& config);

// The largest of them.
[[nodiscard]] double num_largest_head_layer(const PretrainConfig& config);

// The last layer's directions, one row a prototype.
[[nodiscard]] double num_prototype_weights(const model::HeadConfig& head);

// The head's biases, norms and magnitudes, frozen ones too.
[[nodiscard]] double num_head_vectors(const model::HeadConfig& head);

// All of the student, frozen ones too.
[[nodiscard]] double num_parameters(
    const PretrainConfig& config, int64_t num_bands);

}  // namespace nadir::train
