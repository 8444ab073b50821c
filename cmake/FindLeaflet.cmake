# Leaflet_FOLDER: leaflet.min.js, leaflet.css and images/, from Debian's
# libjs-leaflet.
find_path(Leaflet_FOLDER leaflet.min.js
  HINTS /usr/share/javascript/leaflet NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Leaflet
  REQUIRED_VARS Leaflet_FOLDER
  REASON_FAILURE_MESSAGE "run scripts/setup.sh")
mark_as_advanced(Leaflet_FOLDER)
