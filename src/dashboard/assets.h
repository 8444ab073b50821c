// The files of the web application, which are part of the program.
#pragma once

#include <string>
#include <string_view>

#include "dashboard/router.h"

namespace nadir::dashboard {

struct Asset {
  std::string_view path;  // "/app/main.js"
  std::string_view bytes;
};

// All of them; made by cmake/NadirAssets.cmake.
extern const Asset kAssets[];
extern const int kNumAssets;

// Routes for "/" and each asset.
void add_asset_routes(Router& router);

}  // namespace nadir::dashboard
