// Safetensors files: named tensors behind a JSON header, no code, no pickles.
// Format: docs/formats/weights.md, and huggingface.co/docs/safetensors.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace nadir::checkpoint {

using TensorMap = std::map<std::string, at::Tensor>;

struct SafetensorsFile {
  TensorMap tensors;  // on the CPU, contiguous, owning their memory
  std::map<std::string, std::string> metadata;
};

// What the header says of one tensor; offsets count from the file's start.
struct SafetensorsEntry {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  int64_t begin;
  int64_t end;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // by offset
  std::map<std::string, std::string> metadata;
};

// The header, fully checked: every offset lies in the file, every size is that
// of its shape and type, tensors neither overlap nor leave gaps. Throws
// Error{kNotFound}, Error{kIo} or Error{kCorruptData}, naming file and rule.
[[nodiscard]] SafetensorsHeader read_safetensors_header(
    const std::filesystem::path& path);

// The whole file; throws as read_safetensors_header().
[[nodiscard]] SafetensorsFile read_safetensors(
    const std::filesystem::path& path);

// Replaces `path` atomically. Tensors may be strided or on any device; they
// are stored by falling size of their type, then by name, as the reference
// writer does, so that each is aligned. Throws Error{kInvalidArgument} for
// types the format lacks, and Error{kIo}.
void write_safetensors(
    const std::filesystem::path& path,
    const TensorMap& tensors,
    const std::map<std::string, std::string>& metadata = {});

}  // namespace nadir::checkpoint
