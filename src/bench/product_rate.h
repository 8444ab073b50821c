// What this machine does in products of matrices: one of the limits of a path.
#pragma once

namespace nadir::bench {

// GFLOP/s of float32 products of a ViT's shapes with LibTorch's threads as they
// are set: the best of several by the kernels that blocks use and by LibTorch,
// since others only ever slow them down. Takes about two seconds.
[[nodiscard]] double measure_product_gflop_per_s();

}  // namespace nadir::bench
