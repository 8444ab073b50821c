// Feature matrices on disk, so that each is computed once. The key says
// everything the numbers depend on: weights, images, views, normalisation.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

namespace nadir::eval {

// One file a key: <sha256 of the key>.safetensors, holding the matrix, the key
// as text and a checksum. Safe to share between processes.
class FeatureCache {
 public:
  // An empty folder means that nothing is kept.
  explicit FeatureCache(std::filesystem::path folder);

  // The matrix [rows, columns] float32 of `key`: read, or made and kept. A
  // file that is damaged or holds another key is made again with a warning;
  // so is one of other dimensions. A disk that cannot be written to is a
  // warning too: the features are returned all the same.
  [[nodiscard]] at::Tensor get_or_make(
      const nlohmann::json& key,
      int64_t num_rows,
      const std::function<at::Tensor()>& make) const;

  // The two halves of get_or_make(): what is there, if it is whole, and
  // keeping what was made.
  [[nodiscard]] std::optional<at::Tensor> find(
      const nlohmann::json& key, int64_t num_rows) const;
  void keep(const nlohmann::json& key, const at::Tensor& features) const;

  [[nodiscard]] std::filesystem::path file(const nlohmann::json& key) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace nadir::eval
