// CUDA kernels of our own, compiled for the GPU in hand when they are first
// asked for: by NVRTC, which lies beside LibTorch's CUDA part, so that neither
// the build nor the program needs CUDA's toolkit.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <c10/core/Device.h>

namespace nadir::gpu {

// Blocks of a launch, and threads of a block.
struct LaunchShape {
  int64_t num_blocks = 1;
  int64_t threads_x = 1;
  int64_t threads_y = 1;
};

// Kernels of one source for one device. Threads may launch at once.
class Program {
 public:
  // `source` is CUDA C++ without includes, its kernels extern "C";
  // `definitions` are "NAME=value". Only after model::open_device() gave
  // `device`. Throws Error{kInternal} with the compiler's words, or where the
  // compiler or the driver is not to be had.
  Program(
      const std::string& source,
      const std::vector<std::string>& kernels,
      const std::vector<std::string>& definitions,
      c10::Device device);

  // Queues `kernel` behind the work that the device was given by this thread.
  // Arguments must have the kernel's types exactly: pointers, int64_t, float.
  template <class... Arguments>
  void launch(
      const std::string& kernel,
      const LaunchShape& shape,
      Arguments... arguments) const {
    std::array<void*, sizeof...(arguments)> pointers{
        static_cast<void*>(&arguments)...};
    launch_with(kernel, shape, pointers.data());
  }

 private:
  void launch_with(
      const std::string& kernel,
      const LaunchShape& shape,
      void** arguments) const;

  c10::Device device_;
  std::map<std::string, void*> functions_;
};

}  // namespace nadir::gpu
