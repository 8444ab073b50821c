#include "serve/service.h"

#include <algorithm>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "http/secret.h"
#include "http/server.h"
#include "serve/container.h"
#include "serve/invocation.h"
#include "serve/server_metrics.h"

namespace nadir::serve {
namespace {

constexpr int64_t kMegabyte = 1 << 20;

struct Route {
  const char* path;
  const char* method;
};

constexpr Route kRoutes[] = {
    {"/ping", "GET"},
    {"/invocations", "POST"},
    {"/execution-parameters", "GET"},
    {"/metrics", "GET"},
    {"/model", "GET"}};

const Route* find_route(const std::string& path) {
  const auto* const found = std::find_if(
      std::begin(kRoutes), std::end(kRoutes), [&](const Route& route) {
        return path == route.path;
      });
  return found == std::end(kRoutes) ? nullptr : found;
}

http::Response json_response(std::string text) {
  http::Response response;
  response.content_type = "application/json";
  response.body = std::move(text) + "\n";
  return response;
}

http::Limits limits_of(const ServeConfig& config) {
  constexpr int64_t kHeldPayloads = 16;
  http::Limits limits;
  limits.max_connections = config.max_connections;
  limits.max_body_bytes = config.max_payload_mb * kMegabyte;
  limits.max_held_bytes =
      std::max(limits.max_held_bytes, kHeldPayloads * limits.max_body_bytes);
  limits.body = std::chrono::seconds(config.timeout_s);
  limits.answer = limits.body;
  limits.write = limits.body;
  return limits;
}

ImageRules rules_of(const ModelInfo& info, const ServeConfig& config) {
  ImageRules rules;
  rules.normalization = info.normalization;
  rules.max_file_bytes = config.max_payload_mb * kMegabyte;
  rules.max_image_bytes = std::max(rules.max_image_bytes, rules.max_file_bytes);
  rules.allowed_paths = config.allow_paths;
  return rules;
}

AnswerFormat preferred_format(BodyFormat format) {
  return format == BodyFormat::kJsonLines ? AnswerFormat::kJsonLines
                                          : AnswerFormat::kJson;
}

}  // namespace

// Members end in the reverse of their order: the server first.
struct Service::State {
  State(
      ModelInfo model_info,
      Batcher::Forward forward,
      const ServeConfig& serve_config)
      : config(serve_config),
        info(std::move(model_info)),
        rules(rules_of(info, config)),
        batcher(
            {.batch_size = config.batch_size,
             .max_wait = std::chrono::milliseconds(config.max_wait_ms),
             .capacity = 4 * config.batch_size},
            std::move(forward),
            [this](int64_t size) { metrics.count_batch(size); }),
        workers(
            config.num_workers > 0
                ? config.num_workers
                : std::max<int64_t>(1, std::thread::hardware_concurrency())),
        context{
            .info = info,
            .rules = rules,
            .window = config.batch_size,
            .batcher = batcher,
            .workers = workers,
            .in_flight = in_flight} {}

  std::optional<http::Response> admit(const http::Request& head) {
    const auto* route = find_route(head.path);
    if (route == nullptr) {
      return http::text_response(
          404,
          "there is /ping, /invocations, /execution-parameters, /metrics and "
          "/model");
    }
    const bool is_head =
        head.method == "HEAD" && std::string_view(route->method) == "GET";
    if (head.method != route->method && !is_head) {
      auto response = http::text_response(
          405, fmt::format("{} takes {}", route->path, route->method));
      response.headers.emplace_back("Allow", route->method);
      return response;
    }
    const bool is_open = config.token.empty() || head.path == "/ping";
    if (!is_open &&
        !http::is_same_secret(
            head.header("authorization"), "Bearer " + config.token)) {
      auto response = http::text_response(
          401, "send the server's token as 'Authorization: Bearer TOKEN'");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return response;
    }
    if (is_draining && (head.path == "/ping" || head.path == "/invocations")) {
      return http::retry_response(503, "the server is ending");
    }
    return head.path == "/invocations" ? check_formats(head) : std::nullopt;
  }

  // 415 and 406 before the body comes.
  static std::optional<http::Response> check_formats(
      const http::Request& head) {
    try {
      const auto format = body_format(head.content_type);
      if (choose_format(head.accept, preferred_format(format))) {
        return std::nullopt;
      }
    } catch (const Error& error) {
      return http::text_response(415, error.what());
    }
    return http::text_response(
        406,
        "answers are application/json, application/jsonlines, text/csv or "
        "application/x-npy");
  }

  void handle(http::Request request, http::Reply reply) {
    if (request.path == "/invocations") {
      invoke(std::move(request), std::move(reply));
    } else if (request.path == "/execution-parameters") {
      reply(json_response(execution_parameters(config)));
    } else if (request.path == "/metrics") {
      http::Response response;
      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      response.body = metrics.text(
          {.queued_images = batcher.queue_depth(),
           .requests_in_flight = in_flight,
           .connections = server->num_connections()});
      reply(std::move(response));
    } else if (request.path == "/model") {
      reply(json_response(json_text(to_json(info), 2)));
    } else {
      reply(http::Response{});  // /ping: 200 and nothing
    }
  }

  void invoke(http::Request request, http::Reply reply) {
    if (in_flight >= config.max_in_flight) {
      reply(http::retry_response(
          429,
          fmt::format(
              "{} requests are being worked on; try again later",
              config.max_in_flight)));
      return;
    }
    const auto format = body_format(request.content_type);
    const auto answer_format =
        *choose_format(request.accept, preferred_format(format));
    const auto invocation = std::make_shared<Invocation>(
        context, std::move(request), std::move(reply), format, answer_format);
    workers.post([invocation] { invocation->proceed(); });
  }

  void observe(
      const std::string& path,
      int status,
      int64_t bytes_in,
      int64_t bytes_out,
      std::chrono::microseconds time) {
    const auto* route = find_route(path);
    metrics.count_request(
        route == nullptr ? "other" : route->path,
        status,
        bytes_in,
        bytes_out,
        time);
  }

  ServeConfig config;
  ModelInfo info;
  ImageRules rules;
  ServerMetrics metrics;
  std::atomic<int64_t> in_flight = 0;
  std::atomic<bool> is_draining = false;
  Batcher batcher;
  http::WorkerPool workers;
  InvocationContext context;
  std::unique_ptr<http::Server> server;
};

Service::Service(
    ModelInfo info, Batcher::Forward forward, const ServeConfig& config)
    : state_(std::make_unique<State>(
          std::move(info), std::move(forward), config)) {
  auto* state = state_.get();
  http::Hooks hooks;
  hooks.admit = [state](const http::Request& head) {
    return state->admit(head);
  };
  hooks.handle = [state](http::Request request, http::Reply reply) {
    state->handle(std::move(request), std::move(reply));
  };
  hooks.observe = [state](
                      const std::string& path,
                      int status,
                      int64_t bytes_in,
                      int64_t bytes_out,
                      std::chrono::microseconds time) {
    state->observe(path, status, bytes_in, bytes_out, time);
  };
  state->server = std::make_unique<http::Server>(
      config.host,
      static_cast<int>(config.port),
      limits_of(config),
      std::move(hooks));
  state->server->start();
}

Service::~Service() {
  state_->workers.stop();  // who gives replies must end before the server
}

int Service::port() const {
  return state_->server->port();
}

bool Service::drain(std::chrono::milliseconds patience) {
  state_->is_draining = true;
  return state_->server->drain(patience);
}

}  // namespace nadir::serve
