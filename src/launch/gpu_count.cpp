#include "launch/gpu_count.h"

#include <algorithm>
#include <cstdlib>

#include "core/config.h"

namespace nadir::launch {

int64_t count_gpus(
    const std::optional<std::string>& visible_devices,
    const std::filesystem::path& driver_folder) {
  std::error_code error;
  int64_t num_gpus = 0;
  for (std::filesystem::directory_iterator entry(driver_folder, error), end;
       !error && entry != end;
       entry.increment(error)) {
    ++num_gpus;
  }
  if (!visible_devices) {
    return num_gpus;
  }
  int64_t num_visible = 0;
  for (const std::string& device : split(*visible_devices, ',')) {
    if (device.empty() || device.starts_with("-")) {
      break;
    }
    ++num_visible;
  }
  return std::min(num_gpus, num_visible);
}

int64_t num_gpus_here() {
  // Set and empty hides all, so this is not process_environment()'s business.
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return count_gpus(
      visible != nullptr ? std::optional<std::string>(visible) : std::nullopt,
      "/proc/driver/nvidia/gpus");
}

}  // namespace nadir::launch
