#pragma once

#include <cstdint>
#include <string>

namespace nadir::serve {

struct ServeConfig {
  std::string host = "127.0.0.1";
  int64_t port = 8080;
  std::string token;
  int64_t batch_size = 32;
  int64_t max_wait_ms = 5;
  int64_t max_in_flight = 64;
  int64_t max_payload_mb = 6;
  int64_t max_connections = 256;
  int64_t timeout_s = 60;
  int64_t num_workers = 0;
  std::string allow_paths;

  // What the platform asks of Batch Transform; no flags. 0: chosen here.
  int64_t max_concurrent_transforms = 0;
  std::string batch_strategy = "MULTI_RECORD";

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        host,
        "host",
        "Address to listen on; other than this machine's own needs --token.");
    visit(port, "port", "Port to listen on; 0 takes a free one.");
    visit(
        token,
        "token",
        "Clients must send 'Authorization: Bearer TOKEN'; better given as "
        "NADIR_SERVE_TOKEN, since a command line can be seen by others.");
    visit(batch_size, "batch_size", "At most this many images a forward pass.");
    visit(
        max_wait_ms,
        "max_wait_ms",
        "Longest wait of an image for others to share its forward pass.");
    visit(
        max_in_flight,
        "max_in_flight",
        "Requests taken and not answered; further ones get 429.");
    visit(
        max_payload_mb,
        "max_payload_mb",
        "Largest body of a request in MB; larger ones get 413.");
    visit(
        max_connections,
        "max_connections",
        "Open connections; further ones get 503.");
    visit(
        timeout_s,
        "timeout_s",
        "Longest time for a body to come, and for its answer.");
    visit(
        num_workers,
        "num_workers",
        "Threads that decode images; 0 takes all processors.");
    visit(
        allow_paths,
        "allow_paths",
        "Folder below which requests may name files; nothing unless given.");
  }
};

// Throws Error{kInvalidArgument} on a field out of range, a token that is too
// short, or none where others than this machine may connect, unless
// `is_isolated` says that the platform keeps them out.
void check_config(const ServeConfig& config, bool is_isolated);

}  // namespace nadir::serve
