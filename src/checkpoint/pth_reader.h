// Reads files of torch.save (.pth, .pt) without executing them: a zip archive
// with a pickle, read as data, and raw storages. Layouts: docs/dino.md.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "checkpoint/pickle.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/zip_archive.h"

namespace nadir::checkpoint {

// An open file. Tensors are read when asked for; those that share a storage in
// the file share it here. Not thread-safe.
class PthFile {
 public:
  // Throws Error{kNotFound}, Error{kIo}, Error{kCorruptData}; and
  // Error{kInvalidArgument} for the format of torch before 1.6 and for Python
  // objects other than containers, tensors, argparse.Namespace, NumPy scalars
  // and the like.
  explicit PthFile(const std::filesystem::path& path);

  [[nodiscard]] const PickleValue& root() const { return *pickle_.root; }

  // The tensor or parameter, a view of its storage with its own strides.
  // Throws Error{kCorruptData} if it is no tensor or does not fit its storage.
  [[nodiscard]] at::Tensor read_tensor(const PickleValue& value);

  // The tensors of a dictionary by name; values that are none are left out.
  [[nodiscard]] TensorMap read_tensors(const PickleValue& dict);

 private:
  struct View;

  at::Tensor read_storage(const std::string& key, int64_t num_bytes);
  void check_expansion(int64_t numel, int64_t storage_numel);
  void require(bool condition, std::string_view rule) const;

  ZipReader archive_;
  std::string prefix_;  // the archive's top folder and a slash
  Pickle pickle_;
  std::map<std::string, at::Tensor> storages_;  // bytes
  int64_t num_repeated_ = 0;  // elements of views beyond their storages
};

// Whether read_tensor() takes the value.
[[nodiscard]] bool is_tensor(const PickleValue& value);

// Plain data as JSON: numbers, NumPy scalars, texts, lists, dictionaries and
// the attributes of a Namespace. Tensors and what has no counterpart become
// null, as does everything deeper than 16 levels.
[[nodiscard]] nlohmann::json to_json(const PickleValue& value);

}  // namespace nadir::checkpoint
