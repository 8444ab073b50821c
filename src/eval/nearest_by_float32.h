// The nearest of many images by products of float32 with all of them, for where
// 16 bits cannot tell them apart. Private to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/neighbour.h"

namespace nadir::eval {

// As NearestImages::find(), similarities by kernels::gemm().
[[nodiscard]] std::vector<std::vector<Neighbour>> nearest_by_float32(
    const at::Tensor& train_ND,
    const at::Tensor& test_MD,
    int64_t k,
    const std::function<void()>& before_block);

}  // namespace nadir::eval
