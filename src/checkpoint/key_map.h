// From the names and shapes that published files use to those of nadir's ViT,
// with a strict account of what matched. The backbone's own names are the
// official DINO's and timm's alike: docs/formats/weights.md has the table.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "checkpoint/safetensors.h"
#include "model/vit_config.h"

namespace nadir::checkpoint {

// What became of each tensor. Nothing is left out in silence.
struct KeyReport {
  std::vector<std::string> matched;
  std::vector<std::string> missing;     // the network wants, the file lacks
  std::vector<std::string> unexpected;  // the file has, the network lacks
  std::vector<std::string> mismatched;  // "name: [1, 197, 384], want [...]"
  std::vector<std::string> resized;     // changed on request, and how
  std::vector<std::string> folded;      // merged into another, exactly
  std::vector<std::string> dropped;     // no part of a backbone: heads
};

[[nodiscard]] nlohmann::json to_json(const KeyReport& report);

// The names with the wrappers of training removed: first `module.`, then
// `backbone.`. Where some begin with `backbone.`, or with `head.`, the rest is
// a head and is dropped.
[[nodiscard]] TensorMap select_backbone(
    const TensorMap& tensors, KeyReport& report);

// Removes what DINOv2 adds and nadir's ViT lacks, as far as the outputs stay
// the same: LayerScale is multiplied into the projection before it, the mask
// token (unused outside its training) is dropped. Throws
// Error{kInvalidArgument} for register tokens, SwiGLU and chunked blocks.
void fold_dinov2(TensorMap& tensors, KeyReport& report);

// The network whose backbone these are, from shapes alone. Throws
// Error{kInvalidArgument} naming what is missing or fits no known network.
[[nodiscard]] model::VitConfig infer_config(const TensorMap& tensors);

// Name and shape of every tensor of the backbone.
[[nodiscard]] std::map<std::string, std::vector<int64_t>> backbone_shapes(
    const model::VitConfig& config);

// Fills matched, missing, unexpected and mismatched.
void match_keys(
    const TensorMap& tensors,
    const std::map<std::string, std::vector<int64_t>>& wanted,
    KeyReport& report);

// Throws Error{kInvalidArgument} naming source and keys unless all matched.
void require_all_matched(const KeyReport& report, const std::string& source);

// How a patch embedding for RGB becomes one for n bands: every band gets the
// mean of the three, or the three by turns; both scaled by 3 / n, so that bands
// of equal values give the tokens of a grey image (by turns: if 3 divides n).
enum class Inflation { kMean, kRepeat };

// [D, C, p, p] -> [D, num_bands, p, p].
[[nodiscard]] at::Tensor inflate_patch_embedding(
    const at::Tensor& weight, int64_t num_bands, Inflation inflation);

}  // namespace nadir::checkpoint
