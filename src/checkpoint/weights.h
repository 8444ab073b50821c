// What `--weights` takes, and the weights that nadir hands out: a backbone with
// its architecture, bands, normalisation and class names.
// Format: docs/formats/weights.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "checkpoint/key_map.h"
#include "checkpoint/pth_writer.h"
#include "checkpoint/safetensors.h"
#include "model/vit_config.h"

namespace nadir::checkpoint {

struct Weights {
  model::VitConfig config;
  TensorMap tensors;  // float32, by the backbone's names
  // "bands", "normalization", "class_names", "provenance"; null where the
  // source does not say.
  nlohmann::json info = unknown_info();
  std::string source;  // for messages and reports
  KeyReport report;

  [[nodiscard]] static nlohmann::json unknown_info();
};

struct WeightsOptions {
  // A run folder (its latest checkpoint), a checkpoint folder, a weights folder
  // or .safetensors (config.json beside it is read), or a .pth of torch.save:
  // the official layouts, full or backbone.
  std::filesystem::path path;

  // "teacher" or "student"; empty is the teacher. Giving it says that the
  // source has both, so that a backbone alone is refused.
  std::string checkpoint_key;

  // Changes made on request: 0 leaves as it is.
  int64_t image_size = 0;   // interpolates positions to this size's grid
  int64_t in_channels = 0;  // inflates the patch embedding
  Inflation inflation = Inflation::kMean;
};

// Reads and checks: every tensor of the network is there with its shape, and
// no other is. Throws Error{kNotFound}, Error{kCorruptData}, Error{kIo}, or
// Error{kInvalidArgument} naming source, keys and what to do.
[[nodiscard]] Weights load_weights(const WeightsOptions& options);

// What config.json says of weights. A checkpoint folder's meta.json carries
// the same under "weights", and its state the tensors "student.backbone.*",
// "student.head.*", "teacher.backbone.*", "teacher.head.*" and
// "dino_loss.center".
[[nodiscard]] nlohmann::json weights_config(
    const model::VitConfig& config, const nlohmann::json& info);

// Throws Error{kInvalidArgument} if writing `out` would replace `source`, the
// weights being read.
void check_not_source(
    const std::filesystem::path& source, const std::filesystem::path& out);

// Writes `path`, or `path`/model.safetensors if it does not end in
// .safetensors, and config.json beside it. Returns the tensors' path. Throws
// Error{kIo}, or Error{kInvalidArgument} if a config.json there belongs to
// other weights.
std::filesystem::path save_weights(
    const std::filesystem::path& path, const Weights& weights);

// Student, teacher and centre, from a run or checkpoint folder or a full .pth.
// Throws as load_weights(); a backbone alone is an error that says so.
[[nodiscard]] FullCheckpoint load_full_checkpoint(
    const std::filesystem::path& path);

// Throws Error{kInvalidArgument} naming both sides if the data's bands or
// normalisation (data::to_json) are not those of the weights. What either side
// does not know is not compared.
void check_compatible(
    const nlohmann::json& info,
    const std::vector<std::string>& bands,
    const nlohmann::json& normalization);

}  // namespace nadir::checkpoint
