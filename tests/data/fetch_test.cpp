// Downloads from a server that fails on purpose: it drops connections, ignores
// ranges, answers errors first, or sends wrong bytes.
#include "data/fetch.h"

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "data/fixtures.h"

namespace nadir::data {
namespace {

// How the server misbehaves.
struct Faults {
  size_t max_bytes = SIZE_MAX;  // of the body in one answer, then it hangs up
  int num_errors = 0;           // first answers that are `error_status`
  int error_status = 503;
  bool ignores_ranges = false;
  std::string redirect = "";  // where it sends everybody; "self" = to itself
};

// One connection a request, in one thread, on a free port of this machine.
class FaultyServer {
 public:
  FaultyServer(std::string body, Faults faults)
      : body_(std::move(body)),
        faults_(faults),
        socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, generic, size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~FaultyServer() {
    ::shutdown(socket_, SHUT_RDWR);  // ends accept()
    thread_.join();
    ::close(socket_);
  }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/set.bin";
  }

  [[nodiscard]] int num_requests() const { return num_requests_; }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(socket_, nullptr, nullptr);
      if (peer < 0) {
        return;
      }
      answer(peer);
      ::shutdown(peer, SHUT_WR);
      ::close(peer);
    }
  }

  static std::string read_request(int peer) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(peer, buffer, sizeof(buffer), 0);
      if (got <= 0) {
        break;
      }
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }

  static void send_all(int peer, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent =
          ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  void answer(int peer) {
    const std::string request = read_request(peer);
    if (++num_requests_ <= faults_.num_errors) {
      send_all(
          peer,
          "HTTP/1.1 " + std::to_string(faults_.error_status) +
              " No\r\nContent-Length: 5\r\nConnection: close\r\n\r\nerror");
      return;
    }
    if (!faults_.redirect.empty()) {
      send_all(
          peer,
          "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: "
          "close\r\nLocation: " +
              (faults_.redirect == "self" ? url() : faults_.redirect) +
              "\r\n\r\n");
      return;
    }
    size_t begin = 0;
    const size_t range = request.find("Range: bytes=");
    if (range != std::string::npos && !faults_.ignores_ranges) {
      begin = std::stoul(request.substr(range + 13));
    }
    if (begin >= body_.size()) {
      send_all(
          peer,
          "HTTP/1.1 416 Range\r\nContent-Length: 0\r\nConnection: "
          "close\r\n\r\n");
      return;
    }
    const std::string_view rest = std::string_view(body_).substr(begin);
    send_all(
        peer,
        std::string(
            begin > 0 ? "HTTP/1.1 206 Partial Content" : "HTTP/1.1 200 OK") +
            "\r\nContent-Length: " + std::to_string(rest.size()) +
            "\r\nConnection: close\r\n\r\n");
    send_all(peer, rest.substr(0, faults_.max_bytes));
  }

  std::string body_;
  Faults faults_;
  int socket_;
  int port_ = 0;
  std::atomic<int> num_requests_ = 0;
  std::thread thread_;
};

std::string some_bytes(size_t num_bytes) {
  std::string bytes(num_bytes, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

class Fetch : public ::testing::Test {
 protected:
  [[nodiscard]] FetchFile file_at(const FaultyServer& server) const {
    FetchFile file;
    file.file_name = "set.bin";
    file.url = server.url();
    file.num_bytes = static_cast<int64_t>(body_.size());
    file.sha256 = sha256_hex(body_);
    return file;
  }

  [[nodiscard]] std::filesystem::path target() const {
    return folder_.path() / "set.bin";
  }

  void expect_fetched(const FaultyServer& server) const {
    EXPECT_EQ(
        fetch_file(file_at(server), folder_.path(), options_),
        FetchOutcome::kFetched);
    EXPECT_TRUE(read_file(target()) == body_);
    EXPECT_FALSE(std::filesystem::exists(target().string() + ".part"));
  }

  TemporaryFolder folder_;
  std::string body_ = some_bytes(300'000);
  FetchOptions options_{
      .max_attempts = 3, .first_wait = std::chrono::milliseconds(1)};
};

TEST_F(Fetch, BringsTheWholeFileOnceAndThenLeavesItAlone) {
  const FaultyServer server(body_, {});
  expect_fetched(server);
  EXPECT_EQ(
      fetch_file(file_at(server), folder_.path(), options_),
      FetchOutcome::kWasThere);
  EXPECT_EQ(server.num_requests(), 1);
}

TEST_F(Fetch, GoesOnWhereTheServerHungUp) {
  const FaultyServer server(body_, {.max_bytes = 70'000});
  expect_fetched(server);
  EXPECT_EQ(server.num_requests(), 5);
}

TEST_F(Fetch, GoesOnWithThePartOfAnEarlierCall) {
  write_file(target().string() + ".part", body_.substr(0, 200'000));
  const FaultyServer server(body_, {.max_bytes = 100'000});
  expect_fetched(server);
  EXPECT_EQ(server.num_requests(), 1);
}

TEST_F(Fetch, StartsAfreshWhereTheServerIgnoresRanges) {
  write_file(target().string() + ".part", body_.substr(0, 200'000));
  const FaultyServer server(body_, {.ignores_ranges = true});
  expect_fetched(server);
}

TEST_F(Fetch, TriesAgainAfterServerErrorsAndKeepsTheirTextOut) {
  const FaultyServer server(body_, {.num_errors = 2});
  expect_fetched(server);
  EXPECT_EQ(server.num_requests(), 3);
}

TEST_F(Fetch, GivesUpAfterTheStatedAttempts) {
  const FaultyServer server(body_, {.num_errors = 100});
  const std::string message = error_of(
      [&] { (void)fetch_file(file_at(server), folder_.path(), options_); });
  EXPECT_NE(message.find("503"), std::string::npos) << message;
  EXPECT_NE(message.find("--url"), std::string::npos);
  EXPECT_EQ(server.num_requests(), 3);
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(Fetch, DoesNotRepeatWhatTheServerRefuses) {
  const FaultyServer server(body_, {.num_errors = 100, .error_status = 404});
  const std::string message = error_of(
      [&] { (void)fetch_file(file_at(server), folder_.path(), options_); });
  EXPECT_NE(message.find("404"), std::string::npos) << message;
  EXPECT_EQ(server.num_requests(), 1);
}

TEST_F(Fetch, RefusesWrongBytesAndLeavesNothing) {
  std::string wrong = body_;
  wrong[1000] ^= 1;
  const FaultyServer server(wrong, {});
  const std::string message = error_of(
      [&] { (void)fetch_file(file_at(server), folder_.path(), options_); });
  EXPECT_NE(message.find("SHA-256"), std::string::npos) << message;
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Fetch, RefusesAFileOfAnotherSize) {
  const FaultyServer server(body_ + "more", {});
  const std::string message = error_of(
      [&] { (void)fetch_file(file_at(server), folder_.path(), options_); });
  EXPECT_NE(message.find("300004 bytes"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(Fetch, DoesNotOverwriteAnotherFileOfThatName) {
  write_file(target(), "mine");
  const FaultyServer server(body_, {});
  EXPECT_THROW(
      (void)fetch_file(file_at(server), folder_.path(), options_), Error);
  EXPECT_EQ(read_file(target()), "mine");
}

TEST_F(Fetch, FollowsARedirectButNotInCircles) {
  const FaultyServer server(body_, {});
  const FaultyServer first("", {.redirect = server.url()});
  expect_fetched(first);
  std::filesystem::remove(target());
  const FaultyServer circle("", {.redirect = "self"});
  const std::string message = error_of(
      [&] { (void)fetch_file(file_at(circle), folder_.path(), options_); });
  EXPECT_NE(message.find("redirects"), std::string::npos) << message;
  EXPECT_LE(circle.num_requests(), 20);
}

TEST_F(Fetch, IsNotRedirectedToFilesOfThisMachine) {
  const auto secret = folder_.path() / "secret";
  write_file(secret, body_);
  const FaultyServer server("", {.redirect = "file://" + secret.string()});
  EXPECT_THROW(
      (void)fetch_file(file_at(server), folder_.path(), options_), Error);
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(Fetch, TakesAMirrorOnTheDisk) {
  const auto mirror = folder_.path() / "mirror.bin";
  write_file(mirror, body_);
  FetchFile file;
  file.file_name = "set.bin";
  file.url = "file://" + mirror.string();
  file.sha256 = sha256_hex(body_);
  (void)fetch_file(file, folder_.path(), options_);
  EXPECT_TRUE(read_file(target()) == body_);
}

// A portal that greets with a page of its own once cost all that was here.
TEST_F(Fetch, KeepsWhatIsHereWhereTheServerSendsAnotherFile) {
  const auto part = target().string() + ".part";
  write_file(part, body_.substr(0, 200'000));
  const FaultyServer server("please log in", {.ignores_ranges = true});
  for (const int64_t num_bytes : {int64_t{300'000}, int64_t{0}}) {
    auto file = file_at(server);
    file.num_bytes = num_bytes;
    const std::string message =
        error_of([&] { (void)fetch_file(file, folder_.path(), options_); });
    EXPECT_NE(message.find("another file"), std::string::npos) << message;
    EXPECT_TRUE(read_file(part) == body_.substr(0, 200'000));
  }
}

// A full disk once cost the download: the cut file was taken for a wrong one.
TEST_F(Fetch, SaysThatTheDiskIsFullAndKeepsThePart) {
  const FaultyServer server(body_, {});
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small = {250'000, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of(
      [&] { (void)fetch_file(file_at(server), folder_.path(), options_); });
  ::setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_NE(message.find("cannot be written"), std::string::npos) << message;
  EXPECT_EQ(server.num_requests(), 1);
  EXPECT_EQ(std::filesystem::file_size(target().string() + ".part"), 250'000U);
  expect_fetched(server);
}

TEST_F(Fetch, SaysThatNobodyAnswers) {
  FetchFile file;
  file.file_name = "set.bin";
  file.url = "http://127.0.0.1:1/set.bin";
  const std::string message =
      error_of([&] { (void)fetch_file(file, folder_.path(), options_); });
  EXPECT_NE(message.find("127.0.0.1:1"), std::string::npos) << message;
}

TEST(KnownSets, HaveAnAddressAChecksumAndALicence) {
  for (const auto& set : known_sets()) {
    EXPECT_FALSE(set.licence.empty()) << set.name;
    EXPECT_EQ(&find_known_set(set.name), &set);
    for (const auto& file : set.files) {
      EXPECT_TRUE(file.url.starts_with("https://")) << file.file_name;
      EXPECT_EQ(file.md5.size(), 32U) << file.file_name;
    }
  }
  EXPECT_NE(
      error_of([] { (void)find_known_set("eurosat-rbg"); }).find("eurosat-rgb"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::data
