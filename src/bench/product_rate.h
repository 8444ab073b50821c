// What this machine does in products of matrices: one of the limits of a path.
#pragma once

#include "model/precision.h"

namespace nadir::bench {

// GFLOP/s of products of a ViT's shapes on `device` with LibTorch's threads as
// they are set: the best of several by the kernels that blocks use and by
// LibTorch, since others only ever slow them down. Takes about two seconds.
[[nodiscard]] double measure_product_gflop_per_s(
    model::Precision precision, at::Device device);

}  // namespace nadir::bench
