// The contract of SageMaker's containers: where the model lies, and what the
// platform says by environment variables ("Use Your Own Inference Code with
// Hosting Services" and "... with Batch Transform", developer guide).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/environment.h"
#include "serve/serve_config.h"

namespace nadir::serve {

// ${SAGEMAKER_BASE_DIR:-/opt/ml}/model, where it is a folder.
[[nodiscard]] std::optional<std::filesystem::path> container_model_folder(
    const Environment& environment);

// All addresses, SAGEMAKER_BIND_TO_PORT, and the limits that a transform job
// states (SAGEMAKER_MAX_PAYLOAD_IN_MB, SAGEMAKER_MAX_CONCURRENT_TRANSFORMS,
// SAGEMAKER_BATCH_STRATEGY). No other port is opened, so that
// SAGEMAKER_SAFE_PORT_RANGE is kept to. Throws Error{kInvalidArgument} naming
// a variable that says something else than it may.
void apply_container(const Environment& environment, ServeConfig& config);

// The answer of /execution-parameters.
[[nodiscard]] std::string execution_parameters(const ServeConfig& config);

// What is served of a folder.
struct ModelFiles {
  std::string weights;
  std::string probe;  // empty: embeddings only
};

// A run folder (its latest checkpoint), a checkpoint, or a folder with one
// .safetensors or .pth; and the probe in it, in probe/, or in eval/linear/.
// Where `folder` holds nothing but one folder, that one. Throws
// Error{kNotFound} saying what was looked for.
[[nodiscard]] ModelFiles find_model_files(const std::filesystem::path& folder);

}  // namespace nadir::serve
