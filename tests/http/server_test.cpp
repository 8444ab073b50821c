#include "http/server.h"

#include <list>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.h"
#include "http/client.h"

namespace nadir::http {
namespace {

using std::chrono::milliseconds;

// Echoes bodies; "/later" is answered when the test says so, "/no" refused.
struct EchoServer {
  explicit EchoServer(const Limits& limits = {}) {
    Hooks hooks;
    hooks.admit = [](const Request& head) {
      return head.path == "/no"
                 ? std::optional(text_response(403, "not this one"))
                 : std::nullopt;
    };
    hooks.handle = [this](Request request, Reply reply) {
      if (request.path == "/later") {
        waiting.push_back({std::move(reply), request.is_given_up});
        ++num_waiting;
        return;
      }
      Response response;
      response.body = request.body;
      reply(std::move(response));
    };
    hooks.observe = [this](
                        const std::string&,
                        int,
                        int64_t bytes_in,
                        int64_t,
                        std::chrono::microseconds) {
      num_bytes_in += bytes_in;
    };
    server = std::make_unique<Server>("127.0.0.1", 0, limits, std::move(hooks));
    server->start();
  }

  [[nodiscard]] int port() const { return server->port(); }

  [[nodiscard]] bool answers() const {
    return get(port(), "/ping").status == 200;
  }

  struct Waiting {
    Reply reply;
    std::shared_ptr<const std::atomic<bool>> is_given_up;
  };

  std::vector<Waiting> waiting;
  std::atomic<int> num_waiting = 0;
  std::atomic<int64_t> num_bytes_in = 0;
  std::unique_ptr<Server> server;
};

void wait_for(const std::atomic<int>& number, int value) {
  for (int i = 0; i < 1000 && number < value; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  ASSERT_GE(number, value);
}

TEST(Server, AnswersSeveralRequestsOfAConnection) {
  const EchoServer echo;
  Client client(echo.port());
  for (const std::string body : {"one", "", "three"}) {
    ASSERT_TRUE(client.send(post_text("/x?y=1", body, "text/plain")));
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, body);
  }
  // Two at once, one behind the other.
  client.send(post_text("/", "a", "t") + post_text("/", "b", "t"));
  EXPECT_EQ(client.receive().body, "a");
  EXPECT_EQ(client.receive().body, "b");
}

TEST(Server, TakesChunksAndAsksForBodiesThatWait) {
  const EchoServer echo;
  Client client(echo.port());
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "abcdefg");
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("hi");
  EXPECT_EQ(client.receive().body, "hi");
}

TEST(Server, GivesHeadersWithoutABodyToHead) {
  const EchoServer echo;
  Client client(echo.port());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.is_closed(milliseconds(2000)));
}

TEST(Server, RefusesBodiesOverTheLimitAndStillAnswersTheClient) {
  Limits limits;
  limits.max_body_bytes = 1000;
  const EchoServer echo(limits);
  EXPECT_EQ(post(echo.port(), "/", std::string(1000, 'x'), "t").status, 200);
  // The client still sends when the refusal comes.
  EXPECT_EQ(post(echo.port(), "/", std::string(4 << 20, 'x'), "t").status, 413);
  Client chunked(echo.port());
  chunked.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "fffffff\r\n" +
      std::string(5000, 'x'));
  EXPECT_EQ(chunked.receive().status, 413);
  EXPECT_TRUE(echo.answers());
}

TEST(Server, RefusesWhatIsNoHttp) {
  const EchoServer echo;
  for (const std::string text :
       {"\x16\x03\x01\x02\x01",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: nothing\r\n\r\n"}) {
    Client client(echo.port());
    client.send(text + std::string(16, '\n'));
    const auto answer = client.receive();
    EXPECT_TRUE(answer.status >= 400 && answer.status < 500)
        << text << answer.status;
    EXPECT_TRUE(client.is_closed(milliseconds(5000))) << text;
  }
  EXPECT_TRUE(echo.answers());
}

TEST(Server, RefusesHeadersOverTheLimit) {
  const EchoServer echo;
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) {
    many += fmt::format("X-{}: y\r\n", i);
  }
  for (const auto& text :
       {many + "\r\n", "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n"}) {
    Client client(echo.port());
    client.send(text);
    EXPECT_EQ(client.receive().status, 431);
  }
  EXPECT_TRUE(echo.answers());
}

TEST(Server, ClosesOnSlowHeadersAndBodiesWhateverTrickles) {
  Limits limits;
  limits.header = milliseconds(300);
  limits.body = milliseconds(300);
  const EchoServer echo(limits);
  Client slow_header(echo.port());
  Client slow_body(echo.port());
  slow_header.send("GET / HTTP/1.1\r\n");
  slow_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 8; ++i) {  // a byte now and then does not help
    std::this_thread::sleep_for(milliseconds(60));
    slow_header.send("X");
    slow_body.send("X");
  }
  EXPECT_EQ(slow_header.receive().status, 408);
  EXPECT_EQ(slow_body.receive().status, 408);
  EXPECT_TRUE(slow_header.is_closed(milliseconds(5000)));
  EXPECT_TRUE(slow_body.is_closed(milliseconds(5000)));
}

TEST(Server, MakesPlaceForNewConnectionsAmongThoseThatOnlyWait) {
  Limits limits;
  limits.max_connections = 8;
  const EchoServer echo(limits);
  std::list<Client> idle;
  for (int i = 0; i < 40; ++i) {
    idle.emplace_back(echo.port());
    idle.back().send("GET / HT");
  }
  EXPECT_TRUE(echo.answers());
  EXPECT_LE(echo.server->num_connections(), 8);
}

TEST(Server, RefusesConnectionsOverTheLimitWhereAllAreAtWork) {
  Limits limits;
  limits.max_connections = 2;
  EchoServer echo(limits);
  Client first(echo.port());
  Client second(echo.port());
  first.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  second.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_for(echo.num_waiting, 2);
  Client third(echo.port());
  const auto refused = third.receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  for (auto& waiting : echo.waiting) {
    waiting.reply({});
  }
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(second.receive().status, 200);
}

TEST(Server, BoundsTheBytesOfAllBodiesTogether) {
  Limits limits;
  limits.max_held_bytes = 100'000;
  const EchoServer echo(limits);
  Client holder(echo.port());
  holder.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90001\r\n\r\n" +
      std::string(90'000, 'x'));
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(post(echo.port(), "/", std::string(50'000, 'x'), "t").status, 503);
  holder.send("x");
  EXPECT_EQ(holder.receive().status, 200);
  EXPECT_EQ(post(echo.port(), "/", std::string(50'000, 'x'), "t").status, 200);
}

TEST(Server, GivesUpAnswersThatDoNotCome) {
  Limits limits;
  limits.answer = milliseconds(200);
  EchoServer echo(limits);
  Client client(echo.port());
  client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(*echo.waiting[0].is_given_up);
  echo.waiting[0].reply({});  // too late, and harmless
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
}

TEST(Server, RefusesBeforeTheBodyComes) {
  const EchoServer echo;
  Client client(echo.port());
  client.send(
      "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(client.receive().status, 403);
  EXPECT_EQ(echo.num_bytes_in, 0);
}

TEST(Server, DrainsWhatWasBegun) {
  EchoServer echo;
  Client client(echo.port());
  client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_for(echo.num_waiting, 1);
  EXPECT_FALSE(echo.server->drain(milliseconds(50)));
  std::thread answerer([&echo] {
    std::this_thread::sleep_for(milliseconds(100));
    echo.waiting[0].reply({});
  });
  EXPECT_TRUE(echo.server->drain(milliseconds(5000)));
  answerer.join();
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Connection: close"));
}

TEST(Server, SaysWhichPortIsTaken) {
  const EchoServer echo;
  try {
    const Server other("127.0.0.1", echo.port(), {}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(
        std::string(error.what()).find(std::to_string(echo.port())),
        std::string::npos);
  }
}

}  // namespace
}  // namespace nadir::http
