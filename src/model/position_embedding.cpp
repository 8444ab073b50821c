#include "model/position_embedding.h"

#include <cmath>

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::model {
namespace {

// Guards the reference's floor() of size * scale against rounding; it also
// shifts the source coordinates, hence it must stay to reproduce outputs.
constexpr double kScaleOffset = 0.1;

}  // namespace

at::Tensor interpolate_position_embedding(
    const at::Tensor& embedding, int64_t num_rows, int64_t num_cols) {
  const int64_t num_stored = embedding.size(1) - 1;
  const int64_t side = std::llround(std::sqrt(num_stored));
  NADIR_CHECK(
      side * side == num_stored,
      "pos_embed holds {} patch positions, which is no square grid",
      num_stored);
  if (num_rows == side && num_cols == side) {
    return embedding;
  }
  const int64_t dim = embedding.size(2);
  const auto grid_1DSS =
      embedding.slice(1, 1).reshape({1, side, side, dim}).permute({0, 3, 1, 2});
  const auto stored = static_cast<double>(side);
  const auto resized = at::upsample_bicubic2d(
      grid_1DSS,
      {num_rows, num_cols},
      /*align_corners=*/false,
      (static_cast<double>(num_rows) + kScaleOffset) / stored,
      (static_cast<double>(num_cols) + kScaleOffset) / stored);
  const auto patches_1ND =
      resized.permute({0, 2, 3, 1}).reshape({1, num_rows * num_cols, dim});
  return at::cat({embedding.slice(1, 0, 1), patches_1ND}, 1);
}

}  // namespace nadir::model
