#include "launch/gpu_count.h"

#include <gtest/gtest.h>

#include "core/file.h"

namespace nadir::launch {
namespace {

TEST(GpuCount, CountsTheDriversUnlessSomeAreHidden) {
  const TemporaryFolder driver;
  for (const char* bus : {"0000:10:1c.0", "0000:10:1d.0", "0000:20:1c.0"}) {
    make_folder(driver.path() / bus);
  }
  const auto count = [&](const char* visible) {
    return count_gpus(visible, driver.path());
  };
  EXPECT_EQ(count_gpus({}, driver.path()), 3);
  EXPECT_EQ(count("0,2"), 2);
  EXPECT_EQ(count("GPU-5f2a, GPU-77b1"), 2);
  EXPECT_EQ(count("0,-1,2"), 1);  // as CUDA does
  EXPECT_EQ(count(""), 0);
  EXPECT_EQ(count("0,1,2,3,4"), 3);
}

TEST(GpuCount, IsZeroWithoutADriver) {
  const TemporaryFolder folder;
  EXPECT_EQ(count_gpus({}, folder.path() / "gpus"), 0);
  EXPECT_EQ(count_gpus("0,1", folder.path() / "gpus"), 0);
}

}  // namespace
}  // namespace nadir::launch
