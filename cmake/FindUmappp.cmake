# Umappp::umappp: headers of umappp with those it includes (knncolle, irlba,
# aarand, subpar, sanisizer, Eigen 5), as the package assorthead ships them.
find_path(Umappp_INCLUDE_DIR umappp/umappp.hpp
  HINTS "${NADIR_WHEELS}/assorthead/include" NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Umappp
  REQUIRED_VARS Umappp_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run scripts/setup.sh")
if(Umappp_FOUND AND NOT TARGET Umappp::umappp)
  add_library(Umappp::umappp INTERFACE IMPORTED)
  target_include_directories(Umappp::umappp SYSTEM INTERFACE
    "${Umappp_INCLUDE_DIR}")
endif()
