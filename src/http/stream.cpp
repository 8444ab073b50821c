// Bodies that go on: of Server-Sent Events, whose end nobody knows before.
#include <boost/beast/http/write.hpp>

#include "http/session.h"

namespace nadir::http {

// What the writer holds. Bytes are handed to the server's thread, which alone
// touches the session.
class Session::Stream : public BodyStream {
 public:
  Stream(Session& session, asio::io_context& io, int64_t max_unsent_bytes)
      : session_(session.weak_from_this()),
        io_(io),
        max_unsent_bytes_(max_unsent_bytes) {}

  bool write(std::string bytes) override {
    if (!is_open_) {
      return false;
    }
    num_unsent_bytes_ += static_cast<int64_t>(bytes.size());
    if (num_unsent_bytes_ > max_unsent_bytes_) {
      is_open_ = false;
      on_session([](Session& session) { session.close(); });
      return false;
    }
    on_session([bytes = std::move(bytes)](Session& session) mutable {
      session.unsent_.push_back(std::move(bytes));
      if (session.unsent_.size() == 1) {
        session.write_unsent();
      }
    });
    return true;
  }

  void close() override {
    if (is_open_.exchange(false)) {
      on_session([](Session& session) {
        session.is_stream_done_ = true;
        if (session.unsent_.empty()) {
          session.close();
        }
      });
    }
  }

  void note_sent(int64_t num_bytes) { num_unsent_bytes_ -= num_bytes; }

  void note_closed() { is_open_ = false; }

 private:
  // Weak: a writer must not keep a connection.
  template <class Task>
  void on_session(Task task) {
    if (session_.expired()) {
      return;  // and so, perhaps, is the server
    }
    asio::post(io_, [weak = session_, task = std::move(task)]() mutable {
      const auto session = weak.lock();
      if (session && !session->is_closed_) {
        task(*session);
      }
    });
  }

  std::weak_ptr<Session> session_;
  asio::io_context& io_;
  int64_t max_unsent_bytes_;
  std::atomic<int64_t> num_unsent_bytes_ = 0;
  std::atomic<bool> is_open_ = true;
};

void Session::start_stream(OnStream on_stream) {
  out_.keep_alive(false);
  stream_header_.emplace(out_);
  set_deadline(shared_.limits.write, [this] { close(); });
  beast_http::async_write_header(
      socket_,
      *stream_header_,
      [self = shared_from_this(), on_stream = std::move(on_stream)](
          error_code error, size_t) {
        if (self->is_closed_) {
          return;
        }
        self->observe();
        self->end_request();
        if (error) {
          self->close();
          return;
        }
        ++self->phase_;  // no deadline while nothing is written
        self->stream_ = std::make_shared<Stream>(
            *self, self->io_, self->shared_.limits.max_unsent_bytes);
        self->drop_rest();  // until the client goes
        on_stream(self->stream_);
      });
}

void Session::write_unsent() {
  set_deadline(shared_.limits.write, [this] { close(); });
  asio::async_write(
      socket_,
      asio::buffer(unsent_.front()),
      [self = shared_from_this()](error_code error, size_t size) {
        if (self->is_closed_) {
          return;
        }
        if (error) {
          self->close();
          return;
        }
        self->stream_->note_sent(static_cast<int64_t>(size));
        self->unsent_.pop_front();
        if (!self->unsent_.empty()) {
          self->write_unsent();
        } else if (self->is_stream_done_) {
          self->close();
        } else {
          ++self->phase_;
        }
      });
}

void Session::tell_stream() {
  if (stream_) {
    stream_->note_closed();
  }
}

}  // namespace nadir::http
