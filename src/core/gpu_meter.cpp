#include "core/gpu_meter.h"

#include <sstream>
#include <string>

#include <dlfcn.h>

namespace nadir {
namespace {

constexpr const char* kLibrary = "libnvidia-ml.so.1";
constexpr int kSuccess = 0;

// As nvml.h lays them out.
struct Utilization {
  unsigned gpu_percent;
  unsigned memory_percent;
};

struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// What CUDA_VISIBLE_DEVICES calls the device: a number or "GPU-<uuid>".
std::string name_of_device(int64_t index, const Environment& environment) {
  const auto visible = environment("CUDA_VISIBLE_DEVICES");
  if (!visible) {
    return std::to_string(index);
  }
  std::istringstream names(*visible);
  std::string name;
  for (int64_t i = 0; i <= index; ++i) {
    if (!std::getline(names, name, ',')) {
      return "";
    }
  }
  return name;
}

}  // namespace

struct GpuMeter::Driver {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*by_index)(unsigned, void**) = nullptr;
  int (*by_uuid)(const char*, void**) = nullptr;
  int (*utilization)(void*, Utilization*) = nullptr;
  int (*memory)(void*, Memory*) = nullptr;

  // Null where the library is not there or is not what it says.
  static std::unique_ptr<Driver> open() {
    void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return nullptr;
    }
    auto driver = std::make_unique<Driver>();
    bool is_whole = true;
    const auto find = [&](auto& function, const char* name) {
      void* const symbol = ::dlsym(library, name);
      is_whole = is_whole && symbol != nullptr;
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
    };
    find(driver->init, "nvmlInit_v2");
    find(driver->shutdown, "nvmlShutdown");
    find(driver->by_index, "nvmlDeviceGetHandleByIndex_v2");
    find(driver->by_uuid, "nvmlDeviceGetHandleByUUID");
    find(driver->utilization, "nvmlDeviceGetUtilizationRates");
    find(driver->memory, "nvmlDeviceGetMemoryInfo");
    // The library stays open: the driver keeps threads of its own.
    return is_whole && driver->init() == kSuccess ? std::move(driver) : nullptr;
  }
};

GpuMeter::GpuMeter(int64_t index, const Environment& environment)
    : driver_(Driver::open()) {
  if (!driver_) {
    return;
  }
  const std::string name = name_of_device(index, environment);
  const bool is_number =
      !name.empty() && name.find_first_not_of("0123456789") == name.npos;
  const int result =
      is_number
          ? driver_->by_index(static_cast<unsigned>(std::stoul(name)), &device_)
          : driver_->by_uuid(name.c_str(), &device_);
  if (result != kSuccess) {
    device_ = nullptr;
  }
}

GpuMeter::~GpuMeter() {
  if (driver_) {
    driver_->shutdown();
  }
}

std::optional<GpuUse> GpuMeter::read() const {
  Utilization utilization{};
  Memory memory{};
  if (device_ == nullptr ||
      driver_->utilization(device_, &utilization) != kSuccess ||
      driver_->memory(device_, &memory) != kSuccess) {
    return std::nullopt;
  }
  return GpuUse{
      utilization.gpu_percent / 100.0, static_cast<int64_t>(memory.used)};
}

}  // namespace nadir
