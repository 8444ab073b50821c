// Position embeddings for image sizes other than the stored grid's.
#pragma once

#include <ATen/core/Tensor.h>

namespace nadir::model {

// `embedding` [1, 1 + S * S, D] (class token first, then an S x S grid row by
// row) for a grid of num_rows x num_cols patches: [1, 1 + num_rows * num_cols,
// D]. The stored grid itself comes back unchanged; any other is interpolated
// bicubically (a = -0.75, half-pixel centres, no antialiasing) with scale
// factor (num_rows + 0.1) / S, which is what the published networks were
// trained with: source row = (row + 0.5) * S / (num_rows + 0.1) - 0.5.
// Differentiable. Throws Error{kInvalidArgument} if the grid is not square.
[[nodiscard]] at::Tensor interpolate_position_embedding(
    const at::Tensor& embedding, int64_t num_rows, int64_t num_cols);

}  // namespace nadir::model
