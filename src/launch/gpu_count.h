// How many GPUs the processes of this host can use, without asking CUDA.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace nadir::launch {

// The GPUs that `visible_devices` (CUDA_VISIBLE_DEVICES) leaves of those with a
// folder in `driver_folder`; all of them where it is not set. As CUDA reads it:
// an entry that is no device hides itself and all after it.
[[nodiscard]] int64_t count_gpus(
    const std::optional<std::string>& visible_devices,
    const std::filesystem::path& driver_folder);

// The same of this process and host; 0 without NVIDIA's driver.
[[nodiscard]] int64_t num_gpus_here();

}  // namespace nadir::launch
