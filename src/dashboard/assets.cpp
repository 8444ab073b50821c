#include "dashboard/assets.h"

#include "core/error.h"

namespace nadir::dashboard {
namespace {

constexpr std::string_view kIndex = "/app/index.html";

const char* type_of(std::string_view path) {
  struct Type {
    std::string_view extension;
    const char* name;
  };

  constexpr Type kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"}};
  for (const auto& type : kTypes) {
    if (path.ends_with(type.extension)) {
      return type.name;
    }
  }
  return "application/octet-stream";
}

}  // namespace

void add_asset_routes(Router& router) {
  for (int i = 0; i < kNumAssets; ++i) {
    const auto& asset = kAssets[i];
    const auto answer = [&asset](const Call&) {
      http::Response response;
      response.content_type = type_of(asset.path);
      response.body = asset.bytes;
      return response;
    };
    router.add("GET", std::string(asset.path), answer);
    if (asset.path == kIndex) {
      router.add("GET", "/", answer);
    }
  }
}

}  // namespace nadir::dashboard
