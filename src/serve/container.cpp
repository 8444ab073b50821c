#include "serve/container.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"

namespace nadir::serve {
namespace fs = std::filesystem;

namespace {

// The platform's bound on concurrent transforms times their size, and on size.
constexpr int64_t kMaxTransformMb = 100;
constexpr int64_t kConcurrentTransforms = 8;

bool is_weights_file(const fs::path& path) {
  return (path.extension() == ".safetensors" || path.extension() == ".pth") &&
         path.filename() != "probe.safetensors";
}

bool is_run_or_checkpoint(const fs::path& folder) {
  return fs::is_directory(folder / "checkpoints") ||
         fs::exists(folder / "manifest.json");
}

// Visible entries in the order of their names.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().native().starts_with('.')) {
      entries.push_back(entry.path());
    }
  }
  if (error) {
    fail(
        ErrorCode::kNotFound,
        "cannot list the model folder {}: {}",
        folder.string(),
        error.message());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::string find_probe(const fs::path& folder) {
  for (const auto* place : {"", "probe", "eval/linear"}) {
    if (fs::exists(folder / place / "probe.json")) {
      return (folder / place / "probe.json").string();
    }
  }
  return "";
}

}  // namespace

std::optional<fs::path> container_model_folder(const Environment& environment) {
  const fs::path folder =
      fs::path(environment("SAGEMAKER_BASE_DIR").value_or("/opt/ml")) / "model";
  std::error_code unreadable;
  return fs::is_directory(folder, unreadable) ? std::optional(folder)
                                              : std::nullopt;
}

void apply_container(const Environment& environment, ServeConfig& config) {
  config.host = "0.0.0.0";
  config.port =
      number_of(environment, "SAGEMAKER_BIND_TO_PORT", 1).value_or(config.port);
  if (const auto megabytes =
          number_of(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB")) {
    // 0 asks for streams of any length.
    config.max_payload_mb = *megabytes > 0 ? *megabytes : kMaxTransformMb;
  }
  config.max_concurrent_transforms =
      number_of(environment, "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", 1)
          .value_or(config.max_concurrent_transforms);
  config.max_in_flight =
      std::max(config.max_in_flight, config.max_concurrent_transforms);
  if (const auto strategy = environment("SAGEMAKER_BATCH_STRATEGY")) {
    std::string name = *strategy;
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
      return static_cast<char>(
          std::toupper(static_cast<unsigned char>(letter)));
    });
    std::erase(name, '_');
    NADIR_CHECK(
        name == "SINGLERECORD" || name == "MULTIRECORD",
        "SAGEMAKER_BATCH_STRATEGY must be SINGLE_RECORD or MULTI_RECORD, got "
        "'{}'",
        *strategy);
    config.batch_strategy =
        name == "SINGLERECORD" ? "SINGLE_RECORD" : "MULTI_RECORD";
  }
}

std::string execution_parameters(const ServeConfig& config) {
  const int64_t fitting =
      std::max<int64_t>(1, kMaxTransformMb / config.max_payload_mb);
  const int64_t concurrent =
      config.max_concurrent_transforms > 0
          ? config.max_concurrent_transforms
          : std::min({kConcurrentTransforms, fitting, config.max_in_flight});
  nlohmann::ordered_json json;
  json["MaxConcurrentTransforms"] = concurrent;
  json["BatchStrategy"] = config.batch_strategy;
  json["MaxPayloadInMB"] = std::min(config.max_payload_mb, kMaxTransformMb);
  return json_text(json);
}

ModelFiles find_model_files(const fs::path& folder) {
  if (is_run_or_checkpoint(folder)) {
    return {folder.string(), find_probe(folder)};
  }
  const auto entries = entries_of(folder);
  std::vector<fs::path> found;
  std::copy_if(
      entries.begin(),
      entries.end(),
      std::back_inserter(found),
      is_weights_file);
  if (found.size() == 1) {
    return {found[0].string(), find_probe(folder)};
  }
  if (found.empty() && entries.size() == 1 && fs::is_directory(entries[0])) {
    return find_model_files(entries[0]);
  }
  fail(
      ErrorCode::kNotFound,
      "the model folder {} must hold a run folder's files (checkpoints/), or "
      "one .safetensors or .pth beside its config.json, as `nadir export` "
      "writes them; it holds {} such files",
      folder.string(),
      found.size());
}

}  // namespace nadir::serve
