# One function per room: src/<name>/ becomes the library nadir_<name>, and
# tests/<name>/ the test binary nadir_<name>_test.
#
#   nadir_room(ssl TORCH SOURCES dino_loss.cpp DEPS core model [LIBS fmt::fmt])
#   nadir_room_test(ssl SOURCES dino_loss_test.cpp [DEPS data] [LABELS unit])
#
# TORCH marks rooms that include LibTorch; they share one precompiled header.
# Sources under PLAIN instead of SOURCES see nothing of it, and compile in half
# the time without that header.

function(nadir_room name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;PLAIN;DEPS;LIBS" ${ARGN})
  add_library(nadir_${name} STATIC ${ARG_SOURCES} ${ARG_PLAIN})
  set_source_files_properties(${ARG_PLAIN} PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON)
  target_include_directories(nadir_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(nadir_${name} PRIVATE nadir_flags)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(nadir_${name} PUBLIC nadir_${dep})
  endforeach()
  target_link_libraries(nadir_${name} PUBLIC ${ARG_LIBS})
  if(ARG_TORCH)
    nadir_use_torch(nadir_${name})
  endif()
endfunction()

function(nadir_room_test name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  set(target nadir_${name}_test)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE
    nadir_flags nadir_${name} GTest::gtest_main ${ARG_LIBS})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PRIVATE nadir_${dep})
  endforeach()
  if(ARG_TORCH)
    nadir_use_torch(${target})
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  include(GoogleTest)
  # Small tensors, and tests run side by side: more threads of LibTorch's would
  # only wait for each other.
  gtest_discover_tests(${target}
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120
               ENVIRONMENT OMP_NUM_THREADS=1)
endfunction()

# Links LibTorch and reads it through the one precompiled header.
function(nadir_use_torch target)
  target_link_libraries(${target} PUBLIC Torch::cpu)
  target_precompile_headers(${target} REUSE_FROM nadir_torch_pch)
  target_compile_options(${target} PRIVATE -fpch-preprocess)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # The precompiled header is compiled with -fPIC and cannot serve -fPIE.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# bench/<name>: one Google Benchmark binary per file.
function(nadir_benchmark target)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE
    nadir_flags benchmark::benchmark_main ${ARG_LIBS})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PRIVATE nadir_${dep})
  endforeach()
  if(ARG_TORCH)
    nadir_use_torch(${target})
  endif()
endfunction()
