# Every library that nadir links, found once. Debian's packages give most;
# LibTorch and Arrow come from the wheels that scripts/setup.sh unpacks into
# .deps/wheels, or from where CMAKE_PREFIX_PATH or TORCH_ROOT point.
set(NADIR_WHEELS "${PROJECT_SOURCE_DIR}/.deps/wheels" CACHE PATH
    "Folder with the unpacked torch and pyarrow wheels")

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(GDAL REQUIRED)
find_package(LibArchive REQUIRED)
find_package(CURL REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(pugixml REQUIRED)
find_package(HWY REQUIRED)
find_package(LMDB REQUIRED)
find_package(Boost 1.74 REQUIRED)  # headers: Beast
find_package(Arrow REQUIRED MODULE)
find_package(Umappp REQUIRED MODULE)
find_package(Leaflet REQUIRED MODULE)
find_package(CountryOutlines REQUIRED MODULE)

if(NADIR_TORCH_ROOMS)
  find_package(Torch 2.9 REQUIRED MODULE)
  # LibTorch holds Gloo but not its headers, which its own include.
  find_path(GLOO_INCLUDE_DIR gloo/algorithm.h REQUIRED)
endif()

if(NADIR_TESTS)
  find_package(GTest REQUIRED)
endif()
if(NADIR_BENCH)
  find_package(benchmark REQUIRED)
endif()
