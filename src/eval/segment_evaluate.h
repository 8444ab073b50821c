// `nadir eval segment`: heads on the patch tokens of a frozen network, of the
// same network with random weights, and on statistics of the pixels.
#pragma once

#include <filesystem>
#include <vector>

#include "eval/evaluate_config.h"
#include "eval/frozen_network.h"
#include "eval/segment_config.h"
#include "eval/segment_data.h"
#include "eval/segment_head.h"
#include "eval/segment_result.h"
#include "raster/image.h"

namespace nadir::eval {

struct SegmentOutcome {
  SegmentEvaluation evaluation;
  std::vector<SegmentHead> heads;       // of the weights, one a kind
  std::vector<raster::Image> pictures;  // of what each of them gets right
};

// The part of `config` that says how to read a network.
[[nodiscard]] FeaturesConfig network_config(const SegmentViewConfig& config);

// How images of `data` become the input of `frozen`. Throws
// Error{kInvalidArgument} where bands, normalisation, or sides do not fit.
[[nodiscard]] SegmentView make_segment_view(
    const FrozenNetwork& frozen,
    const MaskedImages& images,
    const SegmentViewConfig& config);

// Validation images choose each head's learning rate; test images are scored
// once. Deterministic in the seeds. Holds the tokens of one set of features of
// all images in memory: their size is logged.
[[nodiscard]] SegmentOutcome run_segment(
    const FrozenNetwork& frozen,
    const SegmentData& data,
    const SegmentViewConfig& view,
    const SegmentHeadConfig& head,
    const EvaluateConfig& config);

// Where results and pictures go: config.out; else eval/ and pictures/ of the
// run, where reports look for them; else nothing.
struct SegmentFolders {
  std::filesystem::path results;
  std::filesystem::path pictures;
};

[[nodiscard]] SegmentFolders segment_folders(
    const FrozenNetwork& frozen, const EvaluateConfig& config);

// Writes segment.json, segment/<head>/ and segment-<head>.png; does nothing
// where the folders are empty.
void write_segment_outcome(
    const SegmentOutcome& outcome, const SegmentFolders& folders);

}  // namespace nadir::eval
