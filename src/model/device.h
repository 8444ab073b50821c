// Which device computes, and how the process allocates for LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <c10/core/Device.h>

namespace nadir::model {

// The device named "cpu", "cuda", "cuda:1" or "auto" (the first CUDA device if
// there is a usable one, else the CPU). The program itself links LibTorch's
// CPU part only; for CUDA this opens libtorch_cuda.so, which lies beside
// libtorch_cpu.so. Of several processes on a host, "cuda" and "auto" give each
// the device of its `local_rank`; where an engine shows it only one, that. Call
// before any other use of CUDA; from one thread. Throws Error{kInvalidArgument}
// for other names, where there are fewer devices, and where CUDA was asked for
// and is not to be had, saying what to install.
[[nodiscard]] c10::Device open_device(
    const std::string& name, int64_t local_rank = 0);

// The folder of the libtorch_cpu.so that this process uses.
[[nodiscard]] std::filesystem::path libtorch_folder();

// Makes glibc keep freed memory for the next tensor instead of returning it to
// the system: a training step allocates and frees gigabytes, and page faults
// cost more than the arithmetic between them. Call first thing in main; the
// price is that the process holds its peak. Returns false where the C library
// refuses; everything then works, only slower.
bool tune_allocator();

}  // namespace nadir::model
