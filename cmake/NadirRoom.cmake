# One function per room: src/<name>/ becomes the library nadir_<name>, and
# tests/<name>/ the test binary nadir_<name>_test.
#
#   nadir_room(ssl TORCH SOURCES dino_loss.cpp DEPS core model [LIBS fmt::fmt])
#   nadir_room_test(ssl SOURCES dino_loss_test.cpp [DEPS data] [LABELS unit])
#
# TORCH marks rooms that include LibTorch. Their sources under PLAIN instead of
# SOURCES see nothing of it, and compile in half the time. EXACT marks rooms
# whose floats must round as written, without fused multiply-adds: Pillow, and
# our own reference, round twice. They have no precompiled header, since GCC
# takes such options from there.

function(nadir_room name)
  cmake_parse_arguments(ARG "TORCH;EXACT" "" "SOURCES;PLAIN;DEPS;LIBS" ${ARGN})
  set(target nadir_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  nadir_room_properties(${target} DEPS ${ARG_DEPS} LIBS ${ARG_LIBS})
  if(ARG_TORCH)
    nadir_use_torch(${target})
    nadir_batch_sources(${target})
  elseif(ARG_EXACT)
    target_compile_options(${target} PRIVATE -ffp-contract=off)
  else()
    nadir_use_precompiled(${target} nadir_headers)
  endif()
  if(ARG_PLAIN)
    add_library(${target}_plain OBJECT ${ARG_PLAIN})
    nadir_room_properties(${target}_plain DEPS ${ARG_DEPS} LIBS ${ARG_LIBS})
    nadir_use_precompiled(${target}_plain nadir_headers)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_plain>)
  endif()
endfunction()

function(nadir_room_properties target)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${target} PRIVATE nadir_flags)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PUBLIC nadir_${dep})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBS})
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
  nadir_use_test_headers(${target} ${ARG_TORCH})
  nadir_batch_sources(${target})
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

# Links LibTorch and reads it through its precompiled header.
function(nadir_use_torch target)
  target_link_libraries(${target} PUBLIC Torch::cpu)
  nadir_use_precompiled(${target} nadir_torch_headers)
endfunction()

# The same for programs under tests/; `with_torch` says whether they see it.
function(nadir_use_test_headers target with_torch)
  target_link_libraries(${target} PRIVATE GTest::gtest)
  target_compile_definitions(${target} PRIVATE
    NADIR_DEFAULT_SHARED_DATA="${PROJECT_SOURCE_DIR}/../shared/data")
  if(with_torch)
    target_link_libraries(${target} PRIVATE Torch::cpu)
    nadir_use_precompiled(${target} nadir_torch_test_headers)
  else()
    nadir_use_precompiled(${target} nadir_test_headers)
  endif()
endfunction()

# Compiles sources four at a time, which reads and instantiates the headers once
# for the four: names in their anonymous namespaces must differ.
option(NADIR_BATCHES "Compile tests and the rooms with LibTorch in batches" ON)
function(nadir_batch_sources target)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${NADIR_BATCHES} UNITY_BUILD_BATCH_SIZE 4)
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
