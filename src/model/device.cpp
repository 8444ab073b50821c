#include "model/device.h"

#include <charconv>
#include <climits>
#include <filesystem>
#include <optional>

#include <dlfcn.h>
#include <malloc.h>

#include <ATen/Context.h>

#include "core/config.h"
#include "core/error.h"

namespace nadir::model {
namespace {

constexpr int kMmapThreshold = 1 << 30;
constexpr int kTopPad = 64 << 20;

// Opens the CUDA part of LibTorch; returns why it is not to be had, or nullopt.
std::optional<std::string> open_cuda() {
  const auto path = libtorch_folder() / "libtorch_cuda.so";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return path.string() +
           " is missing: this LibTorch is a CPU build; install one with CUDA "
           "and point TORCH_ROOT at it";
  }
  // Never closed: LibTorch registers operators that must stay.
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* reason = dlerror();
    return std::string("LibTorch's CUDA part does not load (") +
           (reason != nullptr ? reason : "no reason given") +
           "); install torch with its CUDA dependencies, which are the nvidia "
           "wheels beside it";
  }
  if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) {
    return "no CUDA device was found; check that nvidia-smi lists one, and "
           "that the driver is recent enough for this LibTorch";
  }
  return std::nullopt;
}

// The index behind "cuda:", or nullopt if `text` is none.
std::optional<int64_t> parse_index(const std::string& text) {
  int64_t index = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc() || stop != end || index < 0) {
    return std::nullopt;
  }
  return index;
}

}  // namespace

std::filesystem::path libtorch_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::globalContext), &info) == 0 ||
      info.dli_fname == nullptr) {
    fail(ErrorCode::kInternal, "cannot tell where libtorch_cpu.so lies");
  }
  return std::filesystem::path(info.dli_fname).parent_path();
}

c10::Device open_device(const std::string& name, int64_t local_rank) {
  if (name == "cpu") {
    return {c10::kCPU};
  }
  const bool is_any = name == "auto" || name == "cuda";
  std::optional<int64_t> named;
  if (name.starts_with("cuda:")) {
    named = parse_index(name.substr(5));
  }
  NADIR_CHECK(
      is_any || named.has_value(),
      "device must be cpu, cuda, cuda:N or auto, got '{}'{}",
      name,
      did_you_mean(name, {"cpu", "cuda", "auto"}));
  if (const auto reason = open_cuda()) {
    if (name == "auto") {
      return {c10::kCPU};
    }
    fail(
        ErrorCode::kInvalidArgument,
        "device {}: {}; or use --device cpu",
        name,
        *reason);
  }
  const int64_t num_devices = at::detail::getCUDAHooks().deviceCount();
  NADIR_CHECK(
      named.value_or(0) < num_devices,
      "device {}: there are only {} CUDA devices, numbered from 0",
      name,
      num_devices);
  const int64_t index = named.value_or(num_devices == 1 ? 0 : local_rank);
  NADIR_CHECK(
      index < num_devices,
      "device {}: this is process {} of its host, which has {} CUDA devices; "
      "start one process a device",
      name,
      local_rank,
      num_devices);
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

bool tune_allocator() {
  const bool is_kept = mallopt(M_MMAP_THRESHOLD, kMmapThreshold) == 1;
  const bool is_untrimmed = mallopt(M_TRIM_THRESHOLD, INT_MAX) == 1;
  const bool is_padded = mallopt(M_TOP_PAD, kTopPad) == 1;
  return is_kept && is_untrimmed && is_padded;
}

}  // namespace nadir::model
