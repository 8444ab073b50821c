// Stochastic depth: in training, a block's branch is left out for some images.
// Huang et al. 2016, arXiv:1603.09382. Draws come from a counter-based stream
// of (seed, step, image, view): independent of batch layout, device and
// whether the run was resumed.
// Shapes: L blocks, B rows of the batch.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace nadir::model {

// Which draws a forward pass takes. Row r of the batch is view
// first_view + r / images_per_view of image first_image + r % images_per_view
// of the step, so that micro-batches of a step draw what one large batch would.
struct DropPathKey {
  uint64_t seed = 0;
  uint64_t step = 0;
  int64_t first_image = 0;
  int64_t images_per_view = 0;  // 0: all rows are of one view
  int64_t first_view = 0;
};

// The rate of block `block`: linspace(0, rate, depth).
[[nodiscard]] double drop_path_rate_of_block(
    double rate, int64_t depth, int64_t block);

// Factors [L, 2, B] for the two branches of each block: 0 with the block's
// rate p, else 1 / (1 - p). float32, on the CPU.
[[nodiscard]] at::Tensor draw_drop_path(
    const DropPathKey& key, double rate, int64_t depth, int64_t num_rows);

}  // namespace nadir::model
