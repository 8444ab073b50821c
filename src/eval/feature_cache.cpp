#include "eval/feature_cache.h"

#include <string_view>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::eval {

namespace {

constexpr char kTensorName[] = "features";

std::string checksum(const at::Tensor& features) {
  const std::string_view bytes(
      static_cast<const char*>(features.const_data_ptr()), features.nbytes());
  return sha256_hex(bytes);
}

// The matrix, or nothing where there is no file. Throws Error{kCorruptData}
// for a file that is not what the key says.
std::optional<at::Tensor> read_features(
    const std::filesystem::path& path,
    const std::string& key,
    int64_t num_rows) {
  if (!std::filesystem::exists(path)) {
    return std::nullopt;
  }
  const auto file = checkpoint::read_safetensors(path);
  const auto metadata = [&](const char* name) {
    const auto at = file.metadata.find(name);
    return at != file.metadata.end() ? at->second : std::string();
  };
  const auto tensor = file.tensors.find(kTensorName);
  if (tensor == file.tensors.end() || metadata("key") != key) {
    fail(ErrorCode::kCorruptData, "{} holds other features", path.string());
  }
  const auto& features = tensor->second;
  if (features.dim() != 2 || features.size(0) != num_rows ||
      features.scalar_type() != at::kFloat) {
    fail(ErrorCode::kCorruptData, "{} has another shape", path.string());
  }
  if (metadata("sha256") != checksum(features)) {
    fail(ErrorCode::kCorruptData, "{} fails its checksum", path.string());
  }
  return features;
}

}  // namespace

FeatureCache::FeatureCache(std::filesystem::path folder)
    : folder_(std::move(folder)) {}

std::filesystem::path FeatureCache::file(const nlohmann::json& key) const {
  return folder_ / (sha256_hex(json_text(key)).substr(0, 24) + ".safetensors");
}

std::optional<at::Tensor> FeatureCache::find(
    const nlohmann::json& key, int64_t num_rows) const {
  if (folder_.empty()) {
    return std::nullopt;
  }
  const auto path = file(key);
  try {
    auto features = read_features(path, json_text(key), num_rows);
    if (features) {
      log_info("eval", "features read from {}", path.string());
    }
    return features;
  } catch (const Error& error) {
    log_warning("eval", "cached features are made again: {}", error.what());
    return std::nullopt;
  }
}

void FeatureCache::keep(
    const nlohmann::json& key, const at::Tensor& features) const {
  if (folder_.empty()) {
    return;
  }
  try {
    make_folder(folder_);
    checkpoint::write_safetensors(
        file(key),
        {{kTensorName, features}},
        {{"key", json_text(key)}, {"sha256", checksum(features)}});
  } catch (const Error& error) {
    log_warning("eval", "features are not kept: {}", error.what());
  }
}

at::Tensor FeatureCache::get_or_make(
    const nlohmann::json& key,
    int64_t num_rows,
    const std::function<at::Tensor()>& make) const {
  if (auto features = find(key, num_rows)) {
    return *features;
  }
  if (folder_.empty()) {
    return make();
  }
  const auto features = make().to(at::kCPU, at::kFloat).contiguous();
  NADIR_ASSERT(features.dim() == 2 && features.size(0) == num_rows);
  keep(key, features);
  return features;
}

}  // namespace nadir::eval
