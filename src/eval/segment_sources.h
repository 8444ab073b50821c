// The rows of an evaluation of segmentation: what computes their patch tokens.
#pragma once

#include <vector>

#include "eval/evaluate_config.h"
#include "eval/segment_tokens.h"

namespace nadir::eval {

// Random weights, image statistics (both unless config.baselines is off), and
// the weights, with the tokens of the last `num_blocks` blocks.
[[nodiscard]] std::vector<TokenSource> make_token_sources(
    const FrozenNetwork& frozen,
    int64_t num_blocks,
    const EvaluateConfig& config);

}  // namespace nadir::eval
