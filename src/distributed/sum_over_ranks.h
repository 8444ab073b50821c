// The sum over all ranks as a part of the forward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include "distributed/communicator.h"

namespace nadir::distributed {

// The sum of all ranks' `values` (float32 or float64, equal shapes), through
// which gradients flow: each rank's gets the sum of the ranks' gradients, those
// of all ranks' losses together. Collective, here and in backward, in the same
// order on all ranks. `group` must outlive backward.
[[nodiscard]] at::Tensor sum_over_ranks(
    const at::Tensor& values, const Communicator& group);

}  // namespace nadir::distributed
