#pragma once

#include <cstdint>
#include <string>

namespace nadir::dashboard {

struct DashboardConfig {
  std::string host = "127.0.0.1";
  int64_t port = 8050;
  std::string token;
  std::string tile_url;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        host,
        "host",
        "Address to listen on; any but this machine's own needs a token.");
    visit(port, "port", "Port to listen on; 0 takes a free one.");
    visit(
        token,
        "token",
        "Secret that browsers must show; made up and printed where --host is "
        "not this machine's own and none is given.");
    visit(
        tile_url,
        "tile_url",
        "Map tiles behind the patches, as "
        "https://host/{z}/{x}/{y}.png; none unless given.");
  }
};

}  // namespace nadir::dashboard
