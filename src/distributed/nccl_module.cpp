// The module: the one source that sees CUDA and NCCL. It shares LibTorch with
// the program that opens it, and nothing else.
#include <cstdlib>

#include <c10/cuda/CUDAFunctions.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "distributed/nccl.h"

using nadir::distributed::NcclRequest;

// Throws nothing: exceptions need not cross the border of a module.
extern "C" c10d::Backend* nadir_make_nccl_backend(NcclRequest& request) {
  try {
    // A lost peer must become an exception of wait(); else a thread of
    // ProcessGroupNCCL ends the process, and nobody says who and where. The
    // user's own setting stays.
    ::setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);
    ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
    c10::cuda::set_device(
        static_cast<c10::DeviceIndex>(request.device_index));
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = request.timeout;
    auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(
        c10::intrusive_ptr<c10d::Store>::reclaim_copy(request.store),
        request.rank,
        request.world_size,
        options);
    // The device of collectives without tensors, and of the communicator.
    backend->setBoundDeviceId(c10::Device(
        c10::kCUDA, static_cast<c10::DeviceIndex>(request.device_index)));
    return backend.release();
  } catch (const std::exception& error) {
    request.problem = error.what();
    request.problem.resize(
        std::min(request.problem.size(), request.problem.find('\n')));
    return nullptr;
  }
}
