// One connection of the HTTP server, by Boost.Beast. Private to the room.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "serve/http_server.h"

namespace nadir::serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

class HttpSession;

// What the sessions share. All but the atomics belong to the I/O thread.
struct HttpShared {
  HttpLimits limits;
  HttpHooks hooks;
  int64_t held_bytes = 0;
  std::atomic<bool> is_draining = false;
  std::atomic<int64_t> num_connections = 0;
  std::list<std::shared_ptr<HttpSession>> sessions;
  std::list<HttpSession*> waiting;  // for a header, the longest first

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

// One connection. Its phases follow each other: wait, header, body, answer,
// write, and again; each has a deadline that closes or answers.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(tcp::socket socket, HttpShared& shared, asio::io_context& io)
      : io_(io), socket_(std::move(socket)), timer_(io), shared_(shared) {}

  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  ~HttpSession() = default;

  void start(std::list<std::shared_ptr<HttpSession>>::iterator place);

  // Answers before any request, and closes.
  void refuse(
      std::list<std::shared_ptr<HttpSession>>::iterator place,
      Response response);

  // Leaves the list of sessions, and may end itself.
  void close();

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

  // Reads by `start(handler)`; calls `then` unless the session has closed, or
  // answers already, when that ends.
  template <class Start>
  void read(Start start, void (HttpSession::*then)(error_code)) {
    is_reading_ = true;
    start([self = shared_from_this(), then](error_code error, size_t) {
      self->is_reading_ = false;
      if (!self->is_closed_ && !self->is_answering_) {
        ((*self).*then)(error);
      }
    });
  }

  void wait_for_request(std::chrono::milliseconds patience);
  void leave_waiting();

  void read_header();
  void on_header(error_code error);
  void send_continue();

  void start_body();
  void read_body();
  void on_body(error_code error);
  void release_body();
  void refuse_unread(error_code error);  // what no parser understands

  void on_request();
  void answer_early(Response response);
  void answer(Response response);
  void give_up();

  void write(Response response);
  [[nodiscard]] bool request_method_is_head() const;
  void on_written(error_code error, bool is_last);
  void observe();
  [[nodiscard]] std::string path_of_request() const;

  // A socket closed over unread bytes sends a reset, which can overtake the
  // answer: what still comes is read and dropped for a moment.
  void linger();
  void drop_rest();
  void end_request();

  asio::io_context& io_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  HttpShared& shared_;
  std::list<std::shared_ptr<HttpSession>>::iterator place_;
  std::list<HttpSession*>::iterator waiting_place_;
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

}  // namespace nadir::serve
