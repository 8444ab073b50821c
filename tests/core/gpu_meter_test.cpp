// Against fake_nvml.cpp, built as the driver's library and loaded first: an
// open library is found by its name.
#include "core/gpu_meter.h"

#include <dlfcn.h>

#include <gtest/gtest.h>

namespace nadir {
namespace {

Environment showing(std::optional<std::string> devices) {
  return [devices](const std::string& name) {
    return name == "CUDA_VISIBLE_DEVICES" ? devices : std::nullopt;
  };
}

class GpuMeterOfFake : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::dlopen(NADIR_FAKE_NVML, RTLD_NOW), nullptr) << ::dlerror();
  }

  static double busy(int64_t index, std::optional<std::string> devices) {
    const auto use = GpuMeter(index, showing(std::move(devices))).read();
    return use ? use->busy_share : -1;
  }
};

TEST_F(GpuMeterOfFake, ReadsTheDeviceThatTheProcessComputesOn) {
  EXPECT_EQ(busy(0, std::nullopt), 0.5);
  EXPECT_EQ(busy(1, std::nullopt), 0.25);
  EXPECT_EQ(GpuMeter(0, showing({})).read()->memory_bytes, 40);
}

TEST_F(GpuMeterOfFake, CountsDevicesAsTheEngineShowsThem) {
  EXPECT_EQ(busy(0, "1"), 0.25);
  EXPECT_EQ(busy(1, "1,0"), 0.5);
  EXPECT_EQ(busy(0, "GPU-two"), 0.25);
}

TEST_F(GpuMeterOfFake, SaysNothingOfDevicesThatAreNotThere) {
  EXPECT_EQ(busy(2, std::nullopt), -1);
  EXPECT_EQ(busy(1, "0"), -1);
  EXPECT_EQ(busy(0, "GPU-three"), -1);
}

}  // namespace
}  // namespace nadir
