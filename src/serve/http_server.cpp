#include "serve/http_server.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "core/error.h"
#include "core/log.h"

namespace nadir::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto kLinger = std::chrono::seconds(2);
constexpr auto kQuiet = std::chrono::milliseconds(200);
constexpr auto kAcceptAgain = std::chrono::milliseconds(100);

class Session;

// What the sessions share. All but the atomics belong to the I/O thread.
struct Shared {
  HttpLimits limits;
  HttpHooks hooks;
  int64_t held_bytes = 0;
  std::atomic<bool> is_draining = false;
  std::atomic<int64_t> num_connections = 0;
  std::list<std::shared_ptr<Session>> sessions;
  std::list<Session*> waiting;  // for a header, the longest first

  std::mutex mutex;
  std::condition_variable changed;
  int64_t num_begun = 0;  // requests between header and answer; under mutex

  void begin() {
    const std::lock_guard lock(mutex);
    ++num_begun;
  }

  void end() {
    const std::lock_guard lock(mutex);
    --num_begun;
    changed.notify_all();
  }
};

std::string path_of(beast::string_view target) {
  return std::string(target.substr(0, target.find('?')));
}

Response retry_later(int status, const std::string& text) {
  auto response = text_response(status, text);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

// One connection. Its phases follow each other: wait, header, body, answer,
// write, and again; each has a deadline that closes or answers.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shared& shared, asio::io_context& io)
      : io_(io), socket_(std::move(socket)), timer_(io), shared_(shared) {}

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  ~Session() = default;

  void start(std::list<std::shared_ptr<Session>>::iterator place) {
    place_ = place;
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    wait_for_request(shared_.limits.header);
  }

  // Answers before any request, and closes.
  void refuse(
      std::list<std::shared_ptr<Session>>::iterator place, Response response) {
    place_ = place;
    has_rest_ = true;
    write(std::move(response));
  }

  void close() {
    if (is_closed_) {
      return;
    }
    is_closed_ = true;
    ++phase_;
    leave_waiting();
    give_up();
    release_body();
    end_request();
    error_code ignored;
    timer_.cancel(ignored);
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    --shared_.num_connections;
    shared_.sessions.erase(place_);  // may destroy *this with the last handler
  }

 private:
  // Calls `expire` unless the phase changes within `time`.
  template <class Expire>
  void set_deadline(std::chrono::milliseconds time, Expire expire) {
    const int64_t phase = ++phase_;
    timer_.expires_after(time);
    timer_.async_wait(
        [self = shared_from_this(), phase, expire](error_code error) {
          if (!error && self->phase_ == phase) {
            expire();
          }
        });
  }

  void wait_for_request(std::chrono::milliseconds patience) {
    parser_.emplace();
    parser_->header_limit(
        static_cast<uint32_t>(shared_.limits.max_header_bytes));
    parser_->body_limit(static_cast<uint64_t>(shared_.limits.max_body_bytes));
    is_waiting_ = true;
    waiting_place_ = shared_.waiting.insert(shared_.waiting.end(), this);
    if (buffer_.size() > 0) {
      read_header();
      return;
    }
    set_deadline(patience, [this] { close(); });
    socket_.async_wait(
        tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
          if (self->is_closed_) {
            return;
          }
          if (error) {
            self->close();
          } else {
            self->read_header();
          }
        });
  }

  void leave_waiting() {
    if (is_waiting_) {
      is_waiting_ = false;
      shared_.waiting.erase(waiting_place_);
    }
  }

  void read_header() {
    start_ = Clock::now();
    set_deadline(shared_.limits.header, [this] {
      answer_early(text_response(408, "the header did not come in time"));
    });
    is_reading_ = true;
    http::async_read_header(
        socket_,
        buffer_,
        *parser_,
        [self = shared_from_this()](error_code error, size_t) {
          self->is_reading_ = false;
          if (!self->is_closed_ && !self->is_answering_) {
            self->on_header(error);
          }
        });
  }

  void on_header(error_code error) {
    leave_waiting();
    if (error == http::error::end_of_stream ||
        (error && error.category() == boost::system::system_category())) {
      close();
      return;
    }
    if (error) {
      refuse_unread(error);
      return;
    }
    shared_.begin();
    is_begun_ = true;
    const auto& header = parser_->get();
    keep_alive_ = header.keep_alive();
    request_ = Request();
    request_.method = std::string(header.method_string());
    request_.path = path_of(header.target());
    request_.content_type = std::string(header[http::field::content_type]);
    request_.accept = std::string(header[http::field::accept]);
    if (auto refusal = shared_.hooks.admit(
            request_, std::string(header[http::field::authorization]))) {
      answer_early(*std::move(refusal));
      return;
    }
    if (beast::iequals(header[http::field::expect], "100-continue") &&
        buffer_.size() == 0) {
      send_continue();
      return;
    }
    start_body();
  }

  void send_continue() {
    static const std::string line = "HTTP/1.1 100 Continue\r\n\r\n";
    set_deadline(shared_.limits.write, [this] { close(); });
    asio::async_write(
        socket_,
        asio::buffer(line),
        [self = shared_from_this()](error_code error, size_t) {
          if (self->is_closed_) {
            return;
          }
          if (error) {
            self->close();
          } else {
            self->start_body();
          }
        });
  }

  void start_body() {
    set_deadline(shared_.limits.body, [this] {
      answer_early(text_response(408, "the body did not come in time"));
    });
    read_body();
  }

  void read_body() {
    if (parser_->is_done()) {
      on_request();
      return;
    }
    is_reading_ = true;
    http::async_read_some(
        socket_,
        buffer_,
        *parser_,
        [self = shared_from_this()](error_code error, size_t) {
          self->is_reading_ = false;
          if (!self->is_closed_ && !self->is_answering_) {
            self->on_body(error);
          }
        });
  }

  void on_body(error_code error) {
    if (error == http::error::need_buffer) {
      error = {};
    }
    if (error) {
      if (error.category() == boost::system::system_category() ||
          error == http::error::partial_message) {
        close();
      } else {
        refuse_unread(error);
      }
      return;
    }
    const auto size = static_cast<int64_t>(parser_->get().body().size());
    shared_.held_bytes += size - held_bytes_;
    held_bytes_ = size;
    if (shared_.held_bytes > shared_.limits.max_held_bytes &&
        !parser_->is_done()) {
      answer_early(retry_later(
          503, "too many bytes are in memory; send the request again later"));
      return;
    }
    read_body();
  }

  // What no parser understands.
  void refuse_unread(error_code error) {
    if (error == http::error::body_limit) {
      answer_early(text_response(
          413,
          fmt::format(
              "the body must have at most {} bytes; send fewer images a "
              "request",
              shared_.limits.max_body_bytes)));
    } else if (
        error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
      answer_early(text_response(
          431,
          fmt::format(
              "the header must have at most {} bytes",
              shared_.limits.max_header_bytes)));
    } else {
      answer_early(text_response(400, "no HTTP: " + error.message()));
    }
  }

  void answer_early(Response response) {
    leave_waiting();
    has_rest_ = parser_ && !parser_->is_done();
    write(std::move(response));
  }

  void on_request() {
    num_body_bytes_ = static_cast<int64_t>(parser_->get().body().size());
    request_.body = std::move(parser_->get().body());
    given_up_ = std::make_shared<std::atomic<bool>>(false);
    request_.is_given_up = given_up_;
    set_deadline(shared_.limits.answer, [this] {
      give_up();
      answer(retry_later(
          503, "no answer in time; the server is busy, try again later"));
    });
    const int64_t number = ++number_;
    is_expected_ = true;
    // A weak pointer: an answer that never comes must not keep a connection.
    Reply reply = [weak = weak_from_this(), number, &io = io_](
                      Response response) {
      asio::post(io, [weak, number, response = std::move(response)]() mutable {
        const auto self = weak.lock();
        if (self && self->number_ == number) {
          self->answer(std::move(response));
        }
      });
    };
    shared_.hooks.handle(std::move(request_), std::move(reply));
  }

  void answer(Response response) {
    if (is_closed_ || !is_expected_) {
      return;
    }
    is_expected_ = false;
    write(std::move(response));
  }

  void give_up() {
    if (given_up_) {
      given_up_->store(true);
    }
  }

  void write(Response response) {
    is_answering_ = true;
    release_body();
    const bool is_last =
        has_rest_ || !keep_alive_ || shared_.is_draining.load();
    out_ = http::response<http::string_body>(
        static_cast<http::status>(response.status), 11);
    out_.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) {
      out_.set(name, value);
    }
    out_.keep_alive(!is_last);
    num_out_bytes_ = static_cast<int64_t>(response.body.size());
    if (request_method_is_head()) {
      out_.content_length(response.body.size());
    } else {
      out_.body() = std::move(response.body);
      out_.prepare_payload();
    }
    set_deadline(shared_.limits.write, [this] { close(); });
    http::async_write(
        socket_,
        out_,
        [self = shared_from_this(), is_last](error_code error, size_t) {
          if (!self->is_closed_) {
            self->on_written(error, is_last);
          }
        });
  }

  [[nodiscard]] bool request_method_is_head() const {
    return parser_ && parser_->is_header_done() &&
           parser_->get().method() == http::verb::head;
  }

  void on_written(error_code error, bool is_last) {
    observe();
    end_request();
    given_up_.reset();
    if (error) {
      close();
      return;
    }
    if (is_last) {
      linger();
      return;
    }
    is_answering_ = false;
    wait_for_request(shared_.limits.idle);
  }

  void observe() {
    shared_.hooks.observe(
        path_of_request(),
        static_cast<int>(out_.result_int()),
        num_body_bytes_,
        num_out_bytes_,
        std::chrono::duration_cast<std::chrono::microseconds>(
            Clock::now() - start_));
    num_body_bytes_ = 0;
  }

  [[nodiscard]] std::string path_of_request() const {
    return parser_ ? path_of(parser_->get().target()) : "";
  }

  // A socket closed over unread bytes sends a reset, which can overtake the
  // answer: what still comes is read and dropped for a moment.
  void linger() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    if (!has_rest_ || is_reading_) {
      close();
      return;
    }
    set_deadline(kLinger, [this] { close(); });
    drop_rest();
  }

  void drop_rest() {
    buffer_.clear();
    socket_.async_read_some(
        buffer_.prepare(64 << 10),
        [self = shared_from_this()](error_code error, size_t) {
          if (self->is_closed_) {
            return;
          }
          if (error) {
            self->close();
          } else {
            self->drop_rest();
          }
        });
  }

  void release_body() {
    shared_.held_bytes -= held_bytes_;
    held_bytes_ = 0;
  }

  void end_request() {
    if (is_begun_) {
      is_begun_ = false;
      shared_.end();
    }
  }

  asio::io_context& io_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  Shared& shared_;
  std::list<std::shared_ptr<Session>>::iterator place_;
  std::list<Session*>::iterator waiting_place_;
  beast::flat_buffer buffer_{128 << 10};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> out_;
  Request request_;
  std::shared_ptr<std::atomic<bool>> given_up_;
  Clock::time_point start_ = Clock::now();
  int64_t phase_ = 0;
  int64_t number_ = 0;  // of the request, so that a late answer finds none
  int64_t held_bytes_ = 0;
  int64_t num_body_bytes_ = 0;
  int64_t num_out_bytes_ = 0;
  bool is_waiting_ = false;
  bool is_reading_ = false;
  bool is_begun_ = false;
  bool is_expected_ = false;   // an answer from the hooks
  bool is_answering_ = false;  // what is still read is not asked for
  bool has_rest_ = false;      // bytes of the request may still come
  bool keep_alive_ = false;
  bool is_closed_ = false;
};

}  // namespace

struct HttpServer::State {
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
          retry_later(503, "too many connections; try again later"));
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
        log_error("serve", "a connection failed: {}", error.what());
      }
    }
  }
};

HttpServer::HttpServer(
    const std::string& host,
    int port,
    const HttpLimits& limits,
    HttpHooks hooks)
    : state_(std::make_unique<State>()) {
  state_->shared.limits = limits;
  state_->shared.hooks = std::move(hooks);
  state_->listen(host, port);
}

void HttpServer::start() {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

HttpServer::~HttpServer() {
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

int HttpServer::port() const {
  return state_->port;
}

int64_t HttpServer::num_connections() const {
  return state_->shared.num_connections;
}

bool HttpServer::drain(std::chrono::milliseconds patience) {
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

}  // namespace nadir::serve
