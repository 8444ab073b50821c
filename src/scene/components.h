// Principal components of embeddings, kept so that other scenes can be drawn
// in the same ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "scene/window_store.h"

namespace nadir::scene {

struct Components {
  at::Tensor mean_F;        // float32
  at::Tensor direction_NF;  // of length 1, by falling variance
  at::Tensor variance_N;
  double total_variance = 0;  // of all F directions
  std::string weights_sha256;
  std::string features;  // "cls of 1 block"
};

// Of at most `max_windows` windows, drawn from `seed`, that the embeddings
// were given for. The largest entry of a direction is positive. Throws
// Error{kInvalidArgument} where there are fewer windows, or columns, than
// components.
[[nodiscard]] Components fit_components(
    const WindowReader& windows,
    int64_t num_components,
    int64_t max_windows,
    uint64_t seed);

// components.safetensors: docs/formats/map.md. Throws Error{kIo}.
void save_components(
    const Components& components, const std::filesystem::path& path);

// Throws as checkpoint::read_safetensors(), and Error{kCorruptData} where the
// file holds no components.
[[nodiscard]] Components load_components(const std::filesystem::path& path);

// Rows of embeddings [windows, F] along the components, [windows, N].
[[nodiscard]] std::vector<float> project(
    const Components& components, const std::vector<float>& embeddings);

}  // namespace nadir::scene
