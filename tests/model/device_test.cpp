#include "model/device.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::model {
namespace {

std::string message_of(const std::string& name) {
  try {
    static_cast<void>(open_device(name));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Device, OpensTheCpu) {
  EXPECT_TRUE(open_device("cpu").is_cpu());
}

TEST(Device, FallsBackToTheCpuOnlyForAuto) {
  const auto device = open_device("auto");
  if (device.is_cuda()) {
    GTEST_SKIP() << "a CUDA device is there";
  }
  const std::string message = message_of("cuda");
  EXPECT_NE(message.find("--device cpu"), std::string::npos) << message;
  // One of: a CPU build, missing nvidia wheels, no device.
  EXPECT_TRUE(
      message.find("TORCH_ROOT") != std::string::npos ||
      message.find("nvidia") != std::string::npos)
      << message;
}

TEST(Device, RefusesNamesItDoesNotKnow) {
  for (const char* name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1", ""}) {
    EXPECT_NE(message_of(name).find("cpu, cuda, cuda:N"), std::string::npos)
        << name;
  }
}

TEST(Device, TunesTheAllocator) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitiser brings an allocator of its own";
#endif
  EXPECT_TRUE(tune_allocator());
}

}  // namespace
}  // namespace nadir::model
