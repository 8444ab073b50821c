// How busy a GPU is, as NVIDIA's driver counts it (NVML,
// nvmlDeviceGetUtilizationRates); the library is opened when asked for, so that
// nothing depends on it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/environment.h"

namespace nadir {

struct GpuUse {
  double busy_share = 0;     // of the driver's last sample period, 0 to 1
  int64_t memory_bytes = 0;  // in use on the device, by all processes
};

// Not thread-safe.
class GpuMeter {
 public:
  // Watches CUDA device number `index` of this process, of those that
  // CUDA_VISIBLE_DEVICES of `environment` leaves it.
  GpuMeter(int64_t index, const Environment& environment);
  ~GpuMeter();
  GpuMeter(const GpuMeter&) = delete;
  GpuMeter& operator=(const GpuMeter&) = delete;

  // Nothing where the driver does not tell, or there is none.
  [[nodiscard]] std::optional<GpuUse> read() const;

 private:
  struct Driver;
  std::unique_ptr<Driver> driver_;  // null without one
  void* device_ = nullptr;
};

}  // namespace nadir
