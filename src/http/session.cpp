#include "http/session.h"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "core/error.h"

namespace nadir::http {
namespace {

constexpr auto kLinger = std::chrono::seconds(2);

std::string path_of(beast::string_view target) {
  return std::string(target.substr(0, target.find('?')));
}

std::string query_of(beast::string_view target) {
  const auto mark = target.find('?');
  return mark == beast::string_view::npos
             ? ""
             : std::string(target.substr(mark + 1));
}

std::string lower_case(beast::string_view text) {
  std::string lower;
  for (const char letter : text) {
    lower +=
        static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return lower;
}

}  // namespace

void Session::start(std::list<std::shared_ptr<Session>>::iterator place) {
  place_ = place;
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  wait_for_request(shared_.limits.header);
}

void Session::refuse(
    std::list<std::shared_ptr<Session>>::iterator place, Response response) {
  place_ = place;
  has_rest_ = true;
  write(std::move(response));
}

void Session::close() {
  if (is_closed_) {
    return;
  }
  is_closed_ = true;
  ++phase_;
  leave_waiting();
  give_up();
  tell_stream();
  release_body();
  end_request();
  error_code ignored;
  timer_.cancel(ignored);
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  --shared_.num_connections;
  shared_.sessions.erase(place_);  // may destroy *this with the last handler
}

void Session::wait_for_request(std::chrono::milliseconds patience) {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(shared_.limits.max_header_bytes));
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

void Session::leave_waiting() {
  if (is_waiting_) {
    is_waiting_ = false;
    shared_.waiting.erase(waiting_place_);
  }
}

void Session::read_header() {
  start_ = Clock::now();
  set_deadline(shared_.limits.header, [this] {
    answer_early(text_response(408, "the header did not come in time"));
  });
  read(
      [this](auto&& then) {
        beast_http::async_read_header(socket_, buffer_, *parser_, then);
      },
      &Session::on_header);
}

void Session::on_header(error_code error) {
  leave_waiting();
  if (error == beast_http::error::end_of_stream ||
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
  request_.query = query_of(header.target());
  request_.content_type = std::string(header[beast_http::field::content_type]);
  request_.accept = std::string(header[beast_http::field::accept]);
  for (const auto& field : header) {
    request_.headers[lower_case(field.name_string())] =
        std::string(field.value());
  }
  if (auto refusal = shared_.hooks.admit(request_)) {
    answer_early(*std::move(refusal));
    return;
  }
  if (beast::iequals(header[beast_http::field::expect], "100-continue") &&
      buffer_.size() == 0) {
    send_continue();
    return;
  }
  start_body();
}

void Session::send_continue() {
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

void Session::start_body() {
  set_deadline(shared_.limits.body, [this] {
    answer_early(text_response(408, "the body did not come in time"));
  });
  read_body();
}

void Session::read_body() {
  if (parser_->is_done()) {
    on_request();
    return;
  }
  read(
      [this](auto&& then) {
        beast_http::async_read_some(socket_, buffer_, *parser_, then);
      },
      &Session::on_body);
}

void Session::on_body(error_code error) {
  if (error == beast_http::error::need_buffer) {
    error = {};
  }
  if (error) {
    if (error.category() == boost::system::system_category() ||
        error == beast_http::error::partial_message) {
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
    answer_early(retry_response(
        503, "too many bytes are in memory; send the request again later"));
    return;
  }
  read_body();
}

void Session::refuse_unread(error_code error) {
  if (error == beast_http::error::body_limit) {
    answer_early(text_response(
        413,
        fmt::format(
            "the body must have at most {} bytes; send fewer images a "
            "request",
            shared_.limits.max_body_bytes)));
  } else if (
      error == beast_http::error::header_limit ||
      error == beast_http::error::buffer_overflow) {
    answer_early(text_response(
        431,
        fmt::format(
            "the header must have at most {} bytes",
            shared_.limits.max_header_bytes)));
  } else {
    answer_early(text_response(400, "no HTTP: " + error.message()));
  }
}

void Session::answer_early(Response response) {
  leave_waiting();
  has_rest_ = parser_ && !parser_->is_done();
  write(std::move(response));
}

void Session::on_request() {
  num_body_bytes_ = static_cast<int64_t>(parser_->get().body().size());
  request_.body = std::move(parser_->get().body());
  given_up_ = std::make_shared<std::atomic<bool>>(false);
  request_.is_given_up = given_up_;
  set_deadline(shared_.limits.answer, [this] {
    give_up();
    answer(retry_response(
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

void Session::answer(Response response) {
  if (is_closed_ || !is_expected_) {
    return;
  }
  is_expected_ = false;
  write(std::move(response));
}

void Session::give_up() {
  if (given_up_) {
    given_up_->store(true);
  }
}

void Session::write(Response response) {
  is_answering_ = true;
  release_body();
  const bool is_last = has_rest_ || !keep_alive_ || shared_.is_draining.load();
  out_ = beast_http::response<beast_http::string_body>(
      static_cast<beast_http::status>(response.status), 11);
  out_.set(beast_http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) {
    out_.set(name, value);
  }
  out_.keep_alive(!is_last);
  if (response.on_stream) {
    start_stream(std::move(response.on_stream));
    return;
  }
  num_out_bytes_ = static_cast<int64_t>(response.body.size());
  if (request_method_is_head()) {
    out_.content_length(response.body.size());
  } else {
    out_.body() = std::move(response.body);
    out_.prepare_payload();
  }
  set_deadline(shared_.limits.write, [this] { close(); });
  beast_http::async_write(
      socket_,
      out_,
      [self = shared_from_this(), is_last](error_code error, size_t) {
        if (!self->is_closed_) {
          self->on_written(error, is_last);
        }
      });
}

bool Session::request_method_is_head() const {
  return parser_ && parser_->is_header_done() &&
         parser_->get().method() == beast_http::verb::head;
}

void Session::on_written(error_code error, bool is_last) {
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

void Session::observe() {
  shared_.hooks.observe(
      path_of_request(),
      static_cast<int>(out_.result_int()),
      num_body_bytes_,
      num_out_bytes_,
      std::chrono::duration_cast<std::chrono::microseconds>(
          Clock::now() - start_));
  num_body_bytes_ = 0;
}

std::string Session::path_of_request() const {
  return parser_ ? path_of(parser_->get().target()) : "";
}

void Session::linger() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  if (!has_rest_ || is_reading_) {
    close();
    return;
  }
  set_deadline(kLinger, [this] { close(); });
  drop_rest();
}

void Session::drop_rest() {
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

void Session::release_body() {
  shared_.held_bytes -= held_bytes_;
  held_bytes_ = 0;
}

void Session::end_request() {
  if (is_begun_) {
    is_begun_ = false;
    shared_.end();
  }
}

}  // namespace nadir::http
