// One connection of the HTTP server, by Boost.Beast. Private to the room.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
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
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/server.h"

namespace nadir::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

class Session;

// What the sessions share. All but the atomics belong to the I/O thread.
struct Shared {
  Limits limits;
  Hooks hooks;
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

// One connection. Its phases follow each other: wait, header, body, answer,
// write, and again; each has a deadline that closes or answers.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shared& shared, asio::io_context& io)
      : io_(io), socket_(std::move(socket)), timer_(io), shared_(shared) {}

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  ~Session() = default;

  void start(std::list<std::shared_ptr<Session>>::iterator place);

  // Answers before any request, and closes.
  void refuse(
      std::list<std::shared_ptr<Session>>::iterator place, Response response);

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
  void read(Start start, void (Session::*then)(error_code)) {
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

  // A body that goes on (stream.cpp): its header, then what is written to it
  // until the client or the writer is done.
  class Stream;
  using OnStream = std::function<void(std::shared_ptr<BodyStream>)>;
  void start_stream(OnStream on_stream);
  void write_unsent();
  void tell_stream();  // that the session has closed
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
  Shared& shared_;
  std::list<std::shared_ptr<Session>>::iterator place_;
  std::list<Session*>::iterator waiting_place_;
  beast::flat_buffer buffer_{128 << 10};
  std::optional<beast_http::request_parser<beast_http::string_body>> parser_;
  beast_http::response<beast_http::string_body> out_;
  std::optional<beast_http::response_serializer<beast_http::string_body>>
      stream_header_;
  std::shared_ptr<Stream> stream_;
  std::deque<std::string> unsent_;
  bool is_stream_done_ = false;
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

}  // namespace nadir::http
