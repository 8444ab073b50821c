#include "distributed/nccl.h"

#include <thread>

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "core/error.h"

namespace nadir::distributed {
namespace {

constexpr auto kTimeout = std::chrono::seconds(60);

c10::intrusive_ptr<c10d::Backend> open_rank(
    const std::filesystem::path& module,
    const c10::intrusive_ptr<c10d::Store>& store,
    int64_t rank,
    int64_t world_size) {
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(rank));
  return make_nccl_backend(module, store, rank, world_size, device, kTimeout);
}

std::string message_of(const std::filesystem::path& module) {
  try {
    (void)open_rank(module, c10::make_intrusive<c10d::HashStore>(), 0, 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(Nccl, AMissingModuleIsNamedWithWhatToInstall) {
  const std::string message = message_of("/nowhere/libnadir_nccl.so");
  EXPECT_NE(message.find("/nowhere/libnadir_nccl.so"), std::string::npos)
      << message;
  EXPECT_NE(message.find("scripts/setup.sh --cuda"), std::string::npos)
      << message;
}

#ifdef NADIR_NCCL_MODULE
TEST(Nccl, SumsOverTheGpusOfThisHostOrSaysWhyNot) {
  const std::string message = message_of(NADIR_NCCL_MODULE);
  if (!message.empty()) {
    // One of: the nvidia wheels are missing; no driver, or no GPU.
    EXPECT_TRUE(
        message.find("scripts/setup.sh --cuda") != std::string::npos ||
        message.find("CUDA error") != std::string::npos ||
        message.find("no GPUs found") != std::string::npos)
        << message;
    EXPECT_NE(message.find("--device cpu"), std::string::npos) << message;
    GTEST_SKIP() << message;
  }
  const int64_t num_devices = at::detail::getCUDAHooks().deviceCount();
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<double> sums(static_cast<size_t>(num_devices));
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < num_devices; ++rank) {
    threads.emplace_back([&, rank] {
      const auto backend =
          open_rank(NADIR_NCCL_MODULE, store, rank, num_devices);
      const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(rank));
      std::vector<at::Tensor> values = {at::full(
          {5}, static_cast<double>(rank + 1), at::TensorOptions(device))};
      backend->allreduce(values, {})->wait();
      sums[static_cast<size_t>(rank)] = values[0].sum().item<double>();
      backend->shutdown();
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  for (const double sum : sums) {
    EXPECT_EQ(sum, 5.0 * num_devices * (num_devices + 1) / 2);
  }
}
#endif

}  // namespace
}  // namespace nadir::distributed
