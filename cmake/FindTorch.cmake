# Torch::cpu from a torch wheel, an unpacked LibTorch or a conda prefix. The
# wheel's own TorchConfig.cmake is never called: it demands a CUDA toolkit.
#
# The program needs nothing of CUDA at build time: it opens libtorch_cuda.so beside
# libtorch_cpu.so when the user asks for a CUDA device (model/device.h).
set(TORCH_ROOT "" CACHE PATH "torch wheel folder, unpacked LibTorch, or prefix")
set(_torch_hints ${TORCH_ROOT} $ENV{TORCH_ROOT})
# A prefix may be LibTorch's folder, or the one that Python's
# torch.utils.cmake_prefix_path names, share/cmake in it.
string(REPLACE ":" ";" _torch_environment "$ENV{CMAKE_PREFIX_PATH}")
foreach(_prefix IN LISTS CMAKE_PREFIX_PATH _torch_environment)
  list(APPEND _torch_hints "${_prefix}" "${_prefix}/../..")
endforeach()
list(APPEND _torch_hints "${NADIR_WHEELS}/torch" $ENV{CONDA_PREFIX})
find_path(Torch_INCLUDE_DIR ATen/ATen.h HINTS ${_torch_hints}
  PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(Torch_CPU_LIBRARY torch_cpu HINTS ${_torch_hints}
  PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(Torch_C10_LIBRARY c10 HINTS ${_torch_hints}
  PATH_SUFFIXES lib NO_DEFAULT_PATH)

set(Torch_VERSION "")
foreach(_header torch/headeronly/version.h
                torch/csrc/api/include/torch/version.h)
  if(NOT Torch_VERSION AND EXISTS "${Torch_INCLUDE_DIR}/${_header}")
    file(STRINGS "${Torch_INCLUDE_DIR}/${_header}" _torch_version
      REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX REPLACE "[^0-9;]" "" _torch_version "${_torch_version}")
    list(JOIN _torch_version "." Torch_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Torch
  REQUIRED_VARS Torch_CPU_LIBRARY Torch_C10_LIBRARY Torch_INCLUDE_DIR
  VERSION_VAR Torch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup.sh, or pass -DCMAKE_PREFIX_PATH=<LibTorch>")

if(Torch_FOUND AND NOT TARGET Torch::cpu)
  add_library(Torch::c10 SHARED IMPORTED)
  set_target_properties(Torch::c10 PROPERTIES
    IMPORTED_LOCATION "${Torch_C10_LIBRARY}")
  add_library(Torch::cpu SHARED IMPORTED)
  set_target_properties(Torch::cpu PROPERTIES
    IMPORTED_LOCATION "${Torch_CPU_LIBRARY}"
    INTERFACE_LINK_LIBRARIES Torch::c10)
  # After every other include folder: LibTorch carries its own fmt, protobuf
  # and dnnl headers, which must not shadow the system's.
  target_compile_options(Torch::cpu INTERFACE
    "SHELL:-idirafter ${Torch_INCLUDE_DIR}"
    "SHELL:-idirafter ${Torch_INCLUDE_DIR}/torch/csrc/api/include")
  # The OpenMP that LibTorch runs on: its own copy where it brings one.
  get_filename_component(_torch_libraries "${Torch_CPU_LIBRARY}" DIRECTORY)
  find_library(Torch_GOMP_LIBRARY NAMES libgomp.so.1
    HINTS "${_torch_libraries}" NO_DEFAULT_PATH)
  mark_as_advanced(Torch_GOMP_LIBRARY)
  add_library(Torch::openmp INTERFACE IMPORTED)
  if(Torch_GOMP_LIBRARY)
    target_link_libraries(Torch::openmp INTERFACE "${Torch_GOMP_LIBRARY}")
  else()
    target_link_options(Torch::openmp INTERFACE -fopenmp)
  endif()
endif()

# Torch::cuda, for the module that speaks NCCL; only where the headers of CUDA
# and NCCL lie beside LibTorch, as its wheels have them, or in the environment of
# the parity tests. The linker need not see what libtorch_cuda itself needs.
set(Torch_CUDA_FOUND FALSE)
if(Torch_FOUND)
  get_filename_component(_torch_lib "${Torch_CPU_LIBRARY}" DIRECTORY)
  file(GLOB _cuda_hints
    "${_torch_lib}/../../nvidia/*/include"
    "${PROJECT_SOURCE_DIR}/.deps/test-venv/lib/python3*/site-packages/nvidia/*/include")
  list(APPEND _cuda_hints "$ENV{CUDA_HOME}/include")
  find_library(Torch_CUDA_LIBRARY torch_cuda HINTS "${_torch_lib}" NO_DEFAULT_PATH)
  find_library(Torch_C10_CUDA_LIBRARY c10_cuda HINTS "${_torch_lib}" NO_DEFAULT_PATH)
  foreach(_header IN ITEMS cuda_runtime_api.h crt/host_defines.h cusparse.h nccl.h)
    string(MAKE_C_IDENTIFIER "Torch_${_header}_DIR" _variable)
    find_path(${_variable} ${_header} HINTS ${_cuda_hints} NO_DEFAULT_PATH)
    mark_as_advanced(${_variable})
    list(APPEND _cuda_includes "${${_variable}}")
  endforeach()
  if(Torch_CUDA_LIBRARY AND Torch_C10_CUDA_LIBRARY
     AND NOT "${_cuda_includes}" MATCHES NOTFOUND)
    set(Torch_CUDA_FOUND TRUE)
    list(REMOVE_DUPLICATES _cuda_includes)
    if(NOT TARGET Torch::cuda)
      add_library(Torch::cuda SHARED IMPORTED)
      set_target_properties(Torch::cuda PROPERTIES
        IMPORTED_LOCATION "${Torch_CUDA_LIBRARY}")
      target_link_libraries(Torch::cuda INTERFACE
        "${Torch_C10_CUDA_LIBRARY}" Torch::cpu)
      target_include_directories(Torch::cuda SYSTEM INTERFACE ${_cuda_includes})
      target_link_options(Torch::cuda INTERFACE "LINKER:--allow-shlib-undefined")
    endif()
  endif()
endif()
