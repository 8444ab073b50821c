// The GPU of this machine, for tests that need one.
#pragma once

#include <optional>

#include "model/device.h"

namespace nadir {

// Nothing where there is none that LibTorch can use.
inline std::optional<c10::Device> find_gpu() {
  const auto device = model::open_device("auto");
  return device.is_cpu() ? std::nullopt : std::optional(device);
}

}  // namespace nadir

// Skips the test where there is none.
#define NADIR_NEEDS_GPU(device)                     \
  const auto found_gpu = nadir::find_gpu();         \
  if (!found_gpu) {                                 \
    GTEST_SKIP() << "no GPU that LibTorch can use"; \
  }                                                 \
  const c10::Device device = *found_gpu
