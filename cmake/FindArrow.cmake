# Arrow::parquet: Arrow and Parquet C++ as the pyarrow wheel ships them.
# ARROW_ROOT may name the folder that holds include/ and libarrow.so.*.
set(ARROW_ROOT "" CACHE PATH "pyarrow folder of an unpacked wheel")
find_path(Arrow_INCLUDE_DIR arrow/api.h
  HINTS ${ARROW_ROOT} "${NADIR_WHEELS}/pyarrow" PATH_SUFFIXES include
  NO_DEFAULT_PATH)
if(Arrow_INCLUDE_DIR)
  get_filename_component(_arrow_dir "${Arrow_INCLUDE_DIR}" DIRECTORY)
  # The number in libarrow.so.2600 is Arrow's ABI; take the one that is there.
  file(GLOB Arrow_LIBRARY "${_arrow_dir}/libarrow.so.*")
  file(GLOB Arrow_PARQUET_LIBRARY "${_arrow_dir}/libparquet.so.*")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Arrow
  REQUIRED_VARS Arrow_LIBRARY Arrow_PARQUET_LIBRARY Arrow_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run scripts/setup.sh, or pass -DARROW_ROOT=.../pyarrow")
if(Arrow_FOUND AND NOT TARGET Arrow::parquet)
  add_library(Arrow::arrow SHARED IMPORTED)
  set_target_properties(Arrow::arrow PROPERTIES
    IMPORTED_LOCATION "${Arrow_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Arrow_INCLUDE_DIR}")
  add_library(Arrow::parquet SHARED IMPORTED)
  set_target_properties(Arrow::parquet PROPERTIES
    IMPORTED_LOCATION "${Arrow_PARQUET_LIBRARY}"
    INTERFACE_LINK_LIBRARIES Arrow::arrow)
endif()
