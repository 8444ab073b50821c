// Which library sums over the processes of a run.
#pragma once

#include <string>

#include "core/environment.h"

namespace nadir::launch {

enum class CollectiveBackend { kGloo, kNccl };

struct BackendChoice {
  CollectiveBackend backend = CollectiveBackend::kGloo;
  std::string remark;  // for the log; empty where there is nothing to say

  bool operator==(const BackendChoice&) const = default;
};

// Of `wanted`: auto, gloo, nccl or smddp. NCCL on CUDA, Gloo on the CPU; smddp,
// SageMaker's closed library of the same purpose, is replaced by these with a
// remark, also where SM_FRAMEWORK_PARAMS asks for it and `wanted` is auto.
// Throws Error{kInvalidArgument} for other names, for nccl on the CPU and gloo
// on CUDA, and where SM_FRAMEWORK_PARAMS is no JSON object.
[[nodiscard]] BackendChoice choose_collective_backend(
    const std::string& wanted, bool is_cuda, const Environment& environment);

// "Gloo" or "NCCL", for messages.
[[nodiscard]] std::string to_text(CollectiveBackend backend);

}  // namespace nadir::launch
