# CountryOutlines_SHAPES: the countries of Natural Earth at 1:110 million as a
# shapefile, which the wheel geopandas 0.14 carries.
find_file(CountryOutlines_SHAPES naturalearth_lowres.shp
  HINTS "${NADIR_WHEELS}/geopandas/datasets/naturalearth_lowres"
  NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CountryOutlines
  REQUIRED_VARS CountryOutlines_SHAPES
  REASON_FAILURE_MESSAGE "run scripts/setup.sh")
mark_as_advanced(CountryOutlines_SHAPES)
