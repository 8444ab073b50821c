#include "raster/gdal_session.h"

#include <mutex>

#include <cpl_conv.h>
#include <cpl_error.h>
#include <gdal.h>
#include <ogr_api.h>

namespace nadir::raster {
namespace {

// GDAL calls this for messages of the thread; user data is GdalErrors::text_.
void keep_first_error(CPLErr level, CPLErrorNum, const char* message) {
  auto* text = static_cast<std::string*>(CPLGetErrorHandlerUserData());
  if (level >= CE_Failure && text->empty()) {
    *text = message;
  }
}

}  // namespace

void register_gdal() {
  static std::once_flag once;
  std::call_once(once, [] {
    // No sidecar files: neither looked for nor left behind.
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO");
    CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
    GDALAllRegister();
  });
}

GdalErrors::GdalErrors() {
  register_gdal();
  CPLPushErrorHandlerEx(keep_first_error, &text_);
}

GdalErrors::~GdalErrors() {
  CPLPopErrorHandler();
}

const std::string& GdalErrors::text() const {
  static const std::string none = "GDAL gives no reason";
  return text_.empty() ? none : text_;
}

}  // namespace nadir::raster
