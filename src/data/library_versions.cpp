#include "data/library_versions.h"

#include <archive.h>
#include <lmdb.h>

#include <curl/curl.h>
#include <fmt/format.h>

namespace nadir::data {

std::vector<std::pair<std::string, std::string>> library_versions() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  (void)mdb_version(&major, &minor, &patch);
  return {
      {"LMDB", fmt::format("{}.{}.{}", major, minor, patch)},
      {"libarchive", ARCHIVE_VERSION_ONLY_STRING},
      {"libcurl", curl_version_info(CURLVERSION_NOW)->version}};
}

}  // namespace nadir::data
