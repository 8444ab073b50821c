#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"

namespace nadir::http {
namespace {

using std::chrono::milliseconds;

// Every request gets a stream, which the test takes and writes to.
struct StreamServer {
  explicit StreamServer(const Limits& limits = {}) {
    Hooks hooks;
    hooks.admit = [](const Request&) { return std::nullopt; };
    hooks.handle = [this](const Request&, const Reply& reply) {
      Response response;
      response.content_type = "text/event-stream";
      response.on_stream = [this](std::shared_ptr<BodyStream> stream) {
        opened.set_value(std::move(stream));
      };
      reply(std::move(response));
    };
    hooks.observe = [](const std::string&,
                       int,
                       int64_t,
                       int64_t,
                       std::chrono::microseconds) {};
    server = std::make_unique<Server>("127.0.0.1", 0, limits, std::move(hooks));
    server->start();
  }

  std::promise<std::shared_ptr<BodyStream>> opened;
  std::unique_ptr<Server> server;
};

constexpr const char* kAsk = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(Stream, SendsWhatIsWrittenInOrderAndEndsWhenItIsClosed) {
  StreamServer serving;
  Client client(serving.server->port());
  client.send(kAsk);
  const auto stream = serving.opened.get_future().get();
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const auto line = "data: " + std::to_string(i) + "\n\n";
    expected += line;
    ASSERT_TRUE(stream->write(line));
  }
  std::thread closer([&stream] {
    std::this_thread::sleep_for(milliseconds(100));
    stream->close();
  });
  const auto answer = client.receive();
  closer.join();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("text/event-stream"));
  EXPECT_EQ(answer.body, expected);
  EXPECT_FALSE(stream->write("more"));
}

TEST(Stream, TellsItsWriterThatTheClientIsGone) {
  StreamServer serving;
  std::shared_ptr<BodyStream> stream;
  {
    Client client(serving.server->port());
    client.send(kAsk);
    stream = serving.opened.get_future().get();
    EXPECT_TRUE(stream->write("data: 1\n\n"));
  }
  int tries = 0;
  while (stream->write(": still there?\n\n") && tries < 500) {
    ++tries;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_LT(tries, 500);
  // The writer may be told a moment before the connection is counted out.
  for (; serving.server->num_connections() > 0 && tries < 500; ++tries) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(serving.server->num_connections(), 0);
}

TEST(Stream, DropsAClientThatTakesTooLittle) {
  Limits limits;
  limits.max_unsent_bytes = 1 << 20;
  StreamServer serving(limits);
  Client client(serving.server->port());
  client.send(kAsk);
  const auto stream = serving.opened.get_future().get();
  int64_t written = 0;
  while (written < (64 << 20) && stream->write(std::string(64 << 10, 'x'))) {
    written += 64 << 10;
  }
  EXPECT_LT(written, 64 << 20);  // kernel buffers, and a megabyte
}

TEST(Stream, KeepsNoServerFromEnding) {
  std::shared_ptr<BodyStream> stream;
  {
    StreamServer serving;
    Client client(serving.server->port());
    client.send(kAsk);
    stream = serving.opened.get_future().get();
    EXPECT_TRUE(serving.server->drain(milliseconds(2000)));
  }
  EXPECT_FALSE(stream->write("after the server"));
}

}  // namespace
}  // namespace nadir::http
