# `cmake --install build/release --prefix DIR` makes a folder that can be moved:
#
#   bin/nadir
#   lib/nadir/torch/lib, lib/nadir/nvidia, lib/nadir/pyarrow   libraries
#   lib/nadir/libnadir_nccl.so            opened for several GPUs, where built
#   share/nadir/lists                     the official lists of BigEarthNet
#
# The libraries of scripts/setup.sh are copied as the wheels lay them out, since
# LibTorch looks for CUDA beside itself; a LibTorch or Arrow of the user's own
# is linked where it is. Debian's libraries come from the system.
include(GNUInstallDirs)
install(TARGETS nadir RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

set(_library_folder "${CMAKE_INSTALL_LIBDIR}/nadir")
file(RELATIVE_PATH _to_libraries
  "/${CMAKE_INSTALL_BINDIR}" "/${_library_folder}")
set(_rpath "")

get_filename_component(_torch_lib "${Torch_CPU_LIBRARY}" DIRECTORY)
if(_torch_lib STREQUAL "${NADIR_WHEELS}/torch/lib")
  install(DIRECTORY "${_torch_lib}/" DESTINATION "${_library_folder}/torch/lib"
    FILES_MATCHING PATTERN "*.so*" PATTERN "libtorch_python.so" EXCLUDE
    PATTERN "libshm*" EXCLUDE)
  install(DIRECTORY "${NADIR_WHEELS}/nvidia" DESTINATION "${_library_folder}"
    FILES_MATCHING PATTERN "*.so*" PATTERN "include" EXCLUDE)
  list(APPEND _rpath "$ORIGIN/${_to_libraries}/torch/lib")
else()
  list(APPEND _rpath "${_torch_lib}")
endif()

get_filename_component(_arrow_lib "${Arrow_LIBRARY}" DIRECTORY)
if(_arrow_lib STREQUAL "${NADIR_WHEELS}/pyarrow")
  install(FILES "${Arrow_LIBRARY}" "${Arrow_PARQUET_LIBRARY}"
    DESTINATION "${_library_folder}/pyarrow")
  list(APPEND _rpath "$ORIGIN/${_to_libraries}/pyarrow")
else()
  list(APPEND _rpath "${_arrow_lib}")
endif()
set_target_properties(nadir PROPERTIES INSTALL_RPATH "${_rpath}")
if(TARGET nadir_nccl)
  # It shares the LibTorch that the program has opened.
  install(TARGETS nadir_nccl LIBRARY DESTINATION "${_library_folder}")
endif()

if(EXISTS "${NADIR_WHEELS}/bigearthnet_common")
  install(DIRECTORY "${NADIR_WHEELS}/bigearthnet_common/"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/nadir/lists"
    FILES_MATCHING PATTERN "*.csv.bz2" PATTERN "*.csv")
endif()
