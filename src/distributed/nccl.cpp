#include "distributed/nccl.h"

#include <dlfcn.h>

#include "core/error.h"

namespace nadir::distributed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHowToGetIt =
    "run scripts/setup.sh --cuda and build again, or use --device cpu";

MakeNcclBackend open_module(const fs::path& module) {
  std::error_code error;
  NADIR_CHECK(
      fs::exists(module, error),
      "several processes on CUDA need NCCL, and {} is missing: this program "
      "was built without CUDA's headers; {}",
      module.string(),
      kHowToGetIt);
  // Never closed: LibTorch's CUDA part, which it brings, must stay.
  void* handle = ::dlopen(module.c_str(), RTLD_NOW | RTLD_GLOBAL);
  const char* reason = handle == nullptr ? ::dlerror() : nullptr;
  NADIR_CHECK(
      handle != nullptr,
      "several processes on CUDA need NCCL, and its module does not load ({}); "
      "{}",
      reason != nullptr ? reason : "no reason given",
      kHowToGetIt);
  void* function = ::dlsym(handle, kMakeNcclBackend);
  NADIR_ASSERT(function != nullptr);
  return reinterpret_cast<MakeNcclBackend>(function);
}

}  // namespace

fs::path nccl_module() {
  constexpr const char* kName = "libnadir_nccl.so";
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path installed = folder.parent_path() / "lib" / "nadir" / kName;
  std::error_code error;
  return fs::exists(installed, error) ? installed : folder / kName;
}

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(
    const fs::path& module,
    const c10::intrusive_ptr<c10d::Store>& store,
    int64_t rank,
    int64_t world_size,
    c10::Device device,
    std::chrono::milliseconds timeout) {
  const auto make = open_module(module);
  NcclRequest request;
  request.store = store.get();
  request.rank = static_cast<int>(rank);
  request.world_size = static_cast<int>(world_size);
  request.device_index = device.index();
  request.timeout = timeout;
  c10d::Backend* backend = make(request);
  NADIR_CHECK(
      backend != nullptr,
      "NCCL on {} is not to be had: {}; use --device cpu",
      device.str(),
      request.problem);
  return c10::intrusive_ptr<c10d::Backend>::reclaim(backend);
}

}  // namespace nadir::distributed
