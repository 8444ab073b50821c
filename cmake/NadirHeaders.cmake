# The precompiled headers: one of what most sources read, one with LibTorch, and
# the same two for tests, which are compiled without optimisation: they run for
# seconds and would take half of the build. GCC takes a precompiled header only
# where it stands first, and takes its options with it, so each belongs to a
# target of its own with no other source.
function(nadir_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS;OPTIONS" ${ARGN})
  set(source "${PROJECT_BINARY_DIR}/${name}.cpp")
  file(WRITE "${source}.in" "")
  configure_file("${source}.in" "${source}" COPYONLY)
  add_library(${name} OBJECT "${source}")
  target_link_libraries(${name} PRIVATE nadir_flags PUBLIC ${ARG_LIBS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  target_compile_options(${name} PRIVATE
    -fpch-preprocess ${ARG_OPTIONS})  # the first is for ccache
endfunction()

# Compiles `target` with the precompiled header of `name`, and its options.
function(nadir_use_precompiled target name)
  target_precompile_headers(${target} REUSE_FROM ${name})
  get_target_property(options ${name} COMPILE_OPTIONS)
  target_compile_options(${target} PRIVATE ${options})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # What is compiled with -fPIC cannot serve -fPIE.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

set(_headers
  <filesystem> <functional> <map> <memory> <optional> <string> <vector>
  <fmt/format.h> <nlohmann/json.hpp>)
set(_libs fmt::fmt spdlog::spdlog nlohmann_json::nlohmann_json
    tomlplusplus::tomlplusplus)
nadir_precompile(nadir_headers HEADERS ${_headers} LIBS ${_libs})
if(NADIR_TORCH_ROOMS)
  nadir_precompile(nadir_torch_headers
    HEADERS ${_headers} <ATen/ATen.h>
    LIBS ${_libs} Torch::cpu)
endif()
if(NADIR_TESTS)
  nadir_precompile(nadir_test_headers
    HEADERS ${_headers} <gtest/gtest.h>
    LIBS ${_libs} GTest::gtest OPTIONS -O0)
  if(NADIR_TORCH_ROOMS)
    nadir_precompile(nadir_torch_test_headers
      HEADERS ${_headers} <gtest/gtest.h> <ATen/ATen.h>
      LIBS ${_libs} GTest::gtest Torch::cpu OPTIONS -O0)
  endif()
endif()
