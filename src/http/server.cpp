#include "http/server.h"

#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "http/session.h"

namespace nadir::http {
namespace {

constexpr auto kQuiet = std::chrono::milliseconds(200);
constexpr auto kAcceptAgain = std::chrono::milliseconds(100);

}  // namespace

struct Server::State {
  Shared shared;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_timer{io};
  int port = 0;
  std::thread thread;

  void listen(const std::string& host, int wanted_port) {
    try {
      tcp::resolver resolver(io);
      const auto found = resolver.resolve(
          host, std::to_string(wanted_port), tcp::resolver::passive);
      const tcp::endpoint endpoint = *found.begin();
      acceptor.open(endpoint.protocol());
      acceptor.set_option(tcp::acceptor::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen();
      port = acceptor.local_endpoint().port();
    } catch (const boost::system::system_error& error) {
      fail(
          ErrorCode::kIo,
          "cannot listen on {} port {}: {}; choose another with --host and "
          "--port (0 takes a free one)",
          host,
          wanted_port,
          error.code().message());
    }
  }

  void accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) {
        return;
      }
      if (error) {  // no descriptors left: what is open must end first
        accept_timer.expires_after(kAcceptAgain);
        accept_timer.async_wait([this](error_code stopped) {
          if (!stopped) {
            accept();
          }
        });
        return;
      }
      admit(std::move(socket));
      accept();
    });
  }

  void admit(tcp::socket socket) {
    bool is_full = shared.num_connections >= shared.limits.max_connections;
    if (is_full && !shared.waiting.empty()) {
      shared.waiting.front()->close();
      is_full = false;
    }
    // Those that are told of a full server are few, too.
    if (shared.num_connections >= 2 * shared.limits.max_connections) {
      return;
    }
    ++shared.num_connections;
    shared.sessions.push_front(
        std::make_shared<Session>(std::move(socket), shared, io));
    const auto session = shared.sessions.front();
    if (is_full) {
      session->refuse(
          shared.sessions.begin(),
          retry_response(503, "too many connections; try again later"));
    } else {
      session->start(shared.sessions.begin());
    }
  }

  void run() {
    while (true) {
      try {
        io.run();
        return;
      } catch (const std::exception& error) {  // one connection's, e.g. memory
        log_error("http", "a connection failed: {}", error.what());
      }
    }
  }
};

Server::Server(
    const std::string& host, int port, const Limits& limits, Hooks hooks)
    : state_(std::make_unique<State>()) {
  state_->shared.limits = limits;
  state_->shared.hooks = std::move(hooks);
  state_->listen(host, port);
}

void Server::start() {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Server::~Server() {
  stop();
}

void Server::stop() {
  if (!state_->thread.joinable()) {
    return;  // never started
  }
  asio::post(state_->io, [this] {
    state_->acceptor.close();
    state_->accept_timer.cancel();
    while (!state_->shared.sessions.empty()) {
      state_->shared.sessions.front()->close();
    }
    state_->io.stop();
  });
  state_->thread.join();
}

int Server::port() const {
  return state_->port;
}

std::string url_of(const std::string& host, int port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("http://[{}]:{}", host, port)
               : fmt::format("http://{}:{}", host, port);
}

int64_t Server::num_connections() const {
  return state_->shared.num_connections;
}

bool Server::drain(std::chrono::milliseconds patience) {
  auto& shared = state_->shared;
  shared.is_draining = true;
  const auto deadline = Clock::now() + patience;
  const auto is_quiet = [&shared] { return shared.num_begun == 0; };
  std::unique_lock lock(shared.mutex);
  if (!shared.changed.wait_until(lock, deadline, is_quiet)) {
    return false;
  }
  // Requests that came meanwhile and were not looked at get their answer.
  lock.unlock();
  std::this_thread::sleep_for(kQuiet);
  lock.lock();
  return shared.changed.wait_until(lock, deadline, is_quiet);
}

}  // namespace nadir::http
