#include "gpu/program.h"

#include <filesystem>

#include <dlfcn.h>

#include <ATen/Context.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "core/error.h"

namespace nadir::gpu {
namespace {

// Of cuda.h and nvrtc.h, whose binary interfaces do not change.
constexpr int kComputeCapabilityMajor = 75;
constexpr int kComputeCapabilityMinor = 76;

// What LibTorch's CUDA part itself opens: its way to the run-time compiler and
// the driver. dlsym() finds what such a library needs, too. Never closed.
void* open_library() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::globalContext), &info) == 0) {
    fail(ErrorCode::kInternal, "cannot tell where LibTorch lies");
  }
  const auto path = std::filesystem::path(info.dli_fname).parent_path() /
                    "libcaffe2_nvrtc.so";
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const reason = dlerror();
    fail(
        ErrorCode::kInternal,
        "CUDA's run-time compiler does not load: {}",
        reason != nullptr ? reason : "no reason given");
  }
  return library;
}

template <class Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) {
    fail(ErrorCode::kInternal, "CUDA's libraries have no {}", name);
  }
}

// The driver's functions. All return 0 for success.
struct Driver {
  static const Driver& get() {
    static const Driver driver;
    return driver;
  }

  Driver() {
    void* const library = open_library();
    find(library, "cuGetErrorString", error_string);
    find(library, "cuCtxGetCurrent", current_context);
    find(library, "cuCtxSetCurrent", set_context);
    find(library, "cuDevicePrimaryCtxRetain", primary_context);
    find(library, "cuDeviceGetAttribute", attribute);
    find(library, "cuModuleLoadData", load_module);
    find(library, "cuModuleGetFunction", find_function);
    find(library, "cuLaunchKernel", launch);
  }

  // Throws where `status` is not success.
  void check(int status, const char* what) const {
    if (status != 0) {
      const char* text = nullptr;
      (void)error_string(status, &text);
      fail(
          ErrorCode::kInternal,
          "CUDA's driver fails to {}: {}",
          what,
          text != nullptr ? text : "no reason given");
    }
  }

  int (*error_string)(int status, const char** text);
  int (*current_context)(void** context);
  int (*set_context)(void* context);
  int (*primary_context)(void** context, int device);
  int (*attribute)(int* value, int which, int device);
  int (*load_module)(void** module, const void* code);
  int (*find_function)(void** function, void* module, const char* name);
  int (*launch)(
      void* function,
      unsigned blocks_x,
      unsigned blocks_y,
      unsigned blocks_z,
      unsigned threads_x,
      unsigned threads_y,
      unsigned threads_z,
      unsigned shared_bytes,
      void* stream,
      void** arguments,
      void** extra);
};

// The run-time compiler's functions, likewise.
struct Compiler {
  static const Compiler& get() {
    static const Compiler compiler;
    return compiler;
  }

  Compiler() {
    void* const library = open_library();
    find(library, "nvrtcCreateProgram", create);
    find(library, "nvrtcCompileProgram", compile);
    find(library, "nvrtcGetProgramLogSize", log_size);
    find(library, "nvrtcGetProgramLog", log);
    find(library, "nvrtcGetCUBINSize", code_size);
    find(library, "nvrtcGetCUBIN", code);
    find(library, "nvrtcDestroyProgram", destroy);
  }

  int (*create)(
      void** program,
      const char* source,
      const char* name,
      int num_headers,
      const char** headers,
      const char** header_names);
  int (*compile)(void* program, int num_options, const char** options);
  int (*log_size)(void* program, size_t* size);
  int (*log)(void* program, char* text);
  int (*code_size)(void* program, size_t* size);
  int (*code)(void* program, char* bytes);
  int (*destroy)(void** program);
};

// A thread that has not used the GPU yet has no context of the driver's.
void make_context_current(c10::Device device) {
  const auto& driver = Driver::get();
  void* context = nullptr;
  driver.check(driver.current_context(&context), "tell its context");
  if (context == nullptr) {
    driver.check(
        driver.primary_context(&context, device.index()), "open the GPU");
    driver.check(driver.set_context(context), "take the GPU");
  }
}

int attribute_of(c10::Device device, int which) {
  const auto& driver = Driver::get();
  int value = 0;
  driver.check(
      driver.attribute(&value, which, device.index()), "describe the GPU");
  return value;
}

// What the compiler has of `program`, of the size that it tells.
std::string text_of(
    void* program,
    int (*size_of)(void* program, size_t* size),
    int (*copy)(void* program, char* text)) {
  size_t size = 0;
  (void)size_of(program, &size);
  std::string text(size, '\0');
  (void)copy(program, text.data());
  return text;
}

// The machine code.
std::string compile(
    const std::string& source, const std::vector<std::string>& options) {
  const auto& compiler = Compiler::get();
  void* program = nullptr;
  const int created = compiler.create(
      &program, source.c_str(), "nadir.cu", 0, nullptr, nullptr);
  NADIR_ASSERT(created == 0);
  std::vector<const char*> words;
  for (const auto& option : options) {
    words.push_back(option.c_str());
  }
  const int status =
      compiler.compile(program, static_cast<int>(words.size()), words.data());
  const auto log = text_of(program, compiler.log_size, compiler.log);
  const auto code =
      status == 0 ? text_of(program, compiler.code_size, compiler.code) : "";
  (void)compiler.destroy(&program);
  if (status != 0) {
    fail(ErrorCode::kInternal, "kernels for the GPU do not compile: {}", log);
  }
  return code;
}

}  // namespace

Program::Program(
    const std::string& source,
    const std::vector<std::string>& kernels,
    const std::vector<std::string>& definitions,
    c10::Device device)
    : device_(device) {
  const c10::DeviceGuard guard(device);
  make_context_current(device);
  std::vector<std::string> options = {
      "--std=c++17",
      fmt::format(
          "--gpu-architecture=sm_{}{}",
          attribute_of(device, kComputeCapabilityMajor),
          attribute_of(device, kComputeCapabilityMinor))};
  for (const auto& definition : definitions) {
    options.push_back("--define-macro=" + definition);
  }
  const auto code = compile(source, options);
  // Never unloaded: it lasts as long as the process.
  void* module = nullptr;
  const auto& driver = Driver::get();
  driver.check(driver.load_module(&module, code.data()), "load kernels");
  for (const auto& kernel : kernels) {
    driver.check(
        driver.find_function(&functions_[kernel], module, kernel.c_str()),
        "find a kernel");
  }
}

void Program::launch_with(
    const std::string& kernel,
    const LaunchShape& shape,
    void** arguments) const {
  const c10::DeviceGuard guard(device_);
  make_context_current(device_);
  const auto stream =
      c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  const auto& driver = Driver::get();
  driver.check(
      driver.launch(
          functions_.at(kernel),
          static_cast<unsigned>(shape.num_blocks),
          1,
          1,
          static_cast<unsigned>(shape.threads_x),
          static_cast<unsigned>(shape.threads_y),
          1,
          /*shared_bytes=*/0,
          stream.native_handle(),
          arguments,
          /*extra=*/nullptr),
      "launch a kernel");
}

}  // namespace nadir::gpu
