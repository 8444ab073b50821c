#include "dashboard/dashboard.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/host_name.h"
#include "core/parallel.h"
#include "core/version.h"
#include "dashboard/assets.h"
#include "dashboard/atlas_routes.h"
#include "dashboard/guard.h"
#include "dashboard/image_routes.h"
#include "dashboard/map_routes.h"
#include "dashboard/run_routes.h"
#include "http/server.h"
#include "http/worker_pool.h"

namespace nadir::dashboard {
namespace {

constexpr int64_t kMaxWaiting = 256;  // requests that no worker has begun
constexpr int kMaxPort = 65535;

http::Limits limits() {
  http::Limits limits;
  limits.max_body_bytes = 64 << 20;  // lists to export, GeoTIFF to look for
  return limits;
}

// 128 random bits in hex.
std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  std::ifstream source("/dev/urandom", std::ios::binary);
  source.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  if (!source) {
    fail(ErrorCode::kIo, "cannot read /dev/urandom to make a token; give one");
  }
  std::string token;
  for (const unsigned char byte : bytes) {
    token += fmt::format("{:02x}", byte);
  }
  return token;
}

void check_config(const DashboardConfig& config) {
  constexpr size_t kMinToken = 16;
  NADIR_CHECK(
      config.port >= 0 && config.port <= kMaxPort,
      "--port must be 0 to {}, got {}",
      kMaxPort,
      config.port);
  const bool is_word = std::all_of(
      config.token.begin(), config.token.end(), [](unsigned char letter) {
        return std::isalnum(letter) != 0 || letter == '-' || letter == '_';
      });
  NADIR_CHECK(
      config.token.empty() || (is_word && config.token.size() >= kMinToken),
      "--token must be {} or more letters, digits, '-' and '_'",
      kMinToken);
  const auto& tiles = config.tile_url;
  NADIR_CHECK(
      tiles.empty() ||
          ((tiles.starts_with("https://") || tiles.starts_with("http://")) &&
           tiles.find("{z}") != std::string::npos &&
           tiles.find("{x}") != std::string::npos &&
           tiles.find("{y}") != std::string::npos &&
           tiles.find_first_of(" ;,'\"") == std::string::npos),
      "--tile-url must be like https://host/{{z}}/{{x}}/{{y}}.png, got '{}'",
      tiles);
}

std::string token_of(const DashboardConfig& config) {
  return config.token.empty() && !Guard::is_loopback(config.host)
             ? random_token()
             : config.token;
}

}  // namespace

// Members end in the reverse of their order: who writes to the server's
// connections before the server.
struct Dashboard::State {
  State(const DashboardSources& sources, const DashboardConfig& wanted)
      : config(wanted), token(token_of(wanted)), guard(token, wanted.tile_url) {
    server = std::make_unique<http::Server>(
        config.host, static_cast<int>(config.port), limits(), hooks());
    runs = std::make_unique<RunWatch>(sources.runs, events);
    if (sources.data) {
      open_data(*sources.data);
    }
    workers =
        std::make_unique<http::WorkerPool>(std::max(2, available_threads()));
    add_asset_routes(router);
    add_run_routes(router, *runs, events);
    router.add("GET", "/api/info", [this](const Call&) {
      return json_response(info());
    });
    server->start();
    if (parts) {  // takes seconds where there are many
      workers->post([this] { (void)parts->catalog().footprints(); });
    }
  }

  ~State() {
    server->stop();  // before anything that it calls or that writes to it ends
  }

  void open_data(const DataSources& sources) {
    parts = std::make_unique<DataParts>(sources);
    add_image_routes(router, *parts);
    add_class_routes(router, *parts);
    add_export_route(router, *parts);
    if (parts->catalog().has_footprints()) {
      add_map_routes(router, *parts);
    }
    if (const auto* embeddings = parts->embeddings()) {
      projections = std::make_unique<Projections>(*embeddings, events);
      add_atlas_routes(router, *parts, *projections);
      add_search_routes(router, *parts);
    }
  }

  http::Hooks hooks() {
    http::Hooks hooks;
    hooks.admit = [this](const http::Request& head) {
      auto refusal = admit(head);
      if (refusal) {
        guard.protect(*refusal);
      }
      return refusal;
    };
    hooks.handle = [this](http::Request request, http::Reply reply) {
      handle(std::move(request), std::move(reply));
    };
    hooks.observe = [](const std::string&,
                       int,
                       int64_t,
                       int64_t,
                       std::chrono::microseconds) {};
    return hooks;
  }

  [[nodiscard]] std::optional<http::Response> admit(
      const http::Request& head) const {
    if (auto refusal = guard.check(head)) {
      return refusal;
    }
    const auto methods = router.methods(head.path);
    if (methods.empty()) {
      return error_response(404, "there is nothing at " + head.path);
    }
    const auto method = head.method == "HEAD" ? "GET" : head.method;
    if (methods.find(method) == std::string::npos) {
      auto response = error_response(405, head.path + " takes " + methods);
      response.headers.emplace_back("Allow", methods);
      return response;
    }
    return std::nullopt;
  }

  void handle(http::Request request, http::Reply reply) {
    if (num_waiting >= kMaxWaiting) {
      auto response = http::retry_response(503, "too many requests at once");
      guard.protect(response);
      reply(std::move(response));
      return;
    }
    ++num_waiting;
    workers->post(
        [this, request = std::move(request), reply = std::move(reply)] {
          --num_waiting;
          if (request.is_given_up->load()) {
            return;
          }
          auto response = router.answer(request);
          guard.protect(response);
          reply(std::move(response));
        });
  }

  [[nodiscard]] nlohmann::ordered_json info() const {
    nlohmann::ordered_json json;
    json["version"] = version();
    json["commit"] = commit();
    json["num_runs"] = runs->size();
    json["has"] = {
        {"data", parts != nullptr},
        {"network", parts && parts->network() != nullptr},
        {"embeddings", parts && parts->embeddings() != nullptr},
        {"predictions", parts && parts->predictions() != nullptr},
        {"footprints", parts && parts->catalog().has_footprints()}};
    json["tile_url"] = config.tile_url.empty()
                           ? nlohmann::ordered_json(nullptr)
                           : nlohmann::ordered_json(config.tile_url);
    return json;
  }

  DashboardConfig config;
  std::string token;
  Guard guard;
  Router router;
  EventHub events;
  std::atomic<int64_t> num_waiting = 0;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<RunWatch> runs;
  std::unique_ptr<DataParts> parts;
  std::unique_ptr<Projections> projections;
  std::unique_ptr<http::WorkerPool> workers;
};

Dashboard::Dashboard(
    const DashboardSources& sources, const DashboardConfig& config) {
  check_config(config);
  state_ = std::make_unique<State>(sources, config);
}

Dashboard::~Dashboard() = default;

std::string Dashboard::url() const {
  const auto& host = state_->config.host;
  // Others reach what listens at every address by this host's name.
  const bool is_everywhere = host == "0.0.0.0" || host == "::";
  const auto base =
      http::url_of(is_everywhere ? host_name() : host, state_->server->port()) +
      "/";
  return state_->token.empty() ? base : base + "?token=" + state_->token;
}

}  // namespace nadir::dashboard
