# Language level, warnings, sanitisers, compiler cache and linker for the whole
# build. Warnings are errors for our own code; libraries are SYSTEM.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header is cached only with this sloppiness; see ccache's
  # manual. Paths below the checkout count as relative ones, so that another
  # clone finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()

# The whole of ours, never of the libraries'.
add_library(nadir_flags INTERFACE)
target_compile_options(nadir_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror
  # False alarms of GCC 12 on std::string's operators (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

set(NADIR_SANITIZE "" CACHE STRING "Sanitisers, e.g. address,undefined")
if(NADIR_SANITIZE)
  add_compile_options(-fsanitize=${NADIR_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${NADIR_SANITIZE})
  # More of the same false alarms, in code that sanitisers have instrumented.
  target_compile_options(nadir_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow>)
endif()

option(NADIR_TORCH_ROOMS "Build the rooms that need LibTorch" ON)
