// NCCL's collectives, from a module that is opened when a CUDA device is asked
// for: the program itself runs without CUDA.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include <c10/core/Device.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace nadir::distributed {

// What the module's one function takes. The result is a new c10d::Backend with
// one reference, the caller's; where there is none, null, and `problem` says
// why.
struct NcclRequest {
  c10d::Store* store = nullptr;
  int rank = 0;
  int world_size = 1;
  int device_index = 0;
  std::chrono::milliseconds timeout{0};  // of a collective, and of meeting
  std::string problem;
};
using MakeNcclBackend = c10d::Backend* (*)(NcclRequest&);
constexpr const char* kMakeNcclBackend = "nadir_make_nccl_backend";

// libnadir_nccl.so beside this program, or where `cmake --install` puts it.
[[nodiscard]] std::filesystem::path nccl_module();

// A backend over NCCL for tensors of CUDA device `device`. Its Work::wait()
// returns when the values are there, and throws where that takes longer than
// `timeout`. Throws Error{kInvalidArgument} where the module is not there, does
// not load, or finds no GPU, saying what to install.
[[nodiscard]] c10::intrusive_ptr<c10d::Backend> make_nccl_backend(
    const std::filesystem::path& module,
    const c10::intrusive_ptr<c10d::Store>& store,
    int64_t rank,
    int64_t world_size,
    c10::Device device,
    std::chrono::milliseconds timeout);

}  // namespace nadir::distributed
