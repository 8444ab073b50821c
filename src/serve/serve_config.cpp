#include "serve/serve_config.h"

#include <filesystem>

#include <arpa/inet.h>

#include "core/error.h"

namespace nadir::serve {
namespace {

constexpr size_t kLeastToken = 16;

bool is_loopback(const std::string& host) {
  in_addr address{};
  return host == "localhost" || host == "::1" ||
         (inet_pton(AF_INET, host.c_str(), &address) == 1 &&
          host.starts_with("127."));
}

}  // namespace

void check_config(const ServeConfig& config, bool is_isolated) {
  const auto check =
      [](const char* name, int64_t value, int64_t least, int64_t most) {
        NADIR_CHECK(
            value >= least && value <= most,
            "{} must be {} to {}, got {}",
            name,
            least,
            most,
            value);
      };
  constexpr int64_t kMost = 1'000'000;
  check("port", config.port, 0, 65'535);
  check("batch_size", config.batch_size, 1, 4096);
  check("max_wait_ms", config.max_wait_ms, 0, kMost);
  check("max_in_flight", config.max_in_flight, 1, kMost);
  check("max_payload_mb", config.max_payload_mb, 1, 1024);
  check("max_connections", config.max_connections, 1, kMost);
  check("timeout_s", config.timeout_s, 1, 86'400);
  check("num_workers", config.num_workers, 0, 1024);
  NADIR_CHECK(
      config.token.empty() || config.token.size() >= kLeastToken,
      "the token must have at least {} letters, got {}; `openssl rand -hex 24` "
      "makes one",
      kLeastToken,
      config.token.size());
  NADIR_CHECK(
      is_isolated || !config.token.empty() || is_loopback(config.host),
      "--host {} lets others than this machine connect; set a token "
      "(NADIR_SERVE_TOKEN or --token) that they must send",
      config.host);
  NADIR_CHECK(
      config.allow_paths.empty() ||
          std::filesystem::is_directory(config.allow_paths),
      "--allow-paths {} is no folder",
      config.allow_paths);
}

}  // namespace nadir::serve
