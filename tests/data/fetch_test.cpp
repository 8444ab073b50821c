// Downloads from a server that fails on purpose: it drops connections, ignores
// ranges, answers errors first, or sends wrong bytes.
#include "data/fetch.h"

#include <csignal>
#include <string>
#include <thread>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "data/fixtures.h"
#include "support/loopback_server.h"

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

// Serves one file, with faults.
class FaultyServer {
 public:
  FaultyServer(std::string body, Faults faults)
      : body_(std::move(body)),
        faults_(std::move(faults)),
        server_(
            [this](const ServedRequest& request) { return answer(request); }) {}

  [[nodiscard]] std::string url() const { return server_.url() + "/set.bin"; }

  [[nodiscard]] int num_requests() const {
    return static_cast<int>(server_.num_requests());
  }

 private:
  ServedAnswer answer(const ServedRequest& request) {
    if (num_answered_++ < faults_.num_errors) {
      return {.status = faults_.error_status, .body = "error"};
    }
    if (!faults_.redirect.empty()) {
      return {
          .status = 302,
          .headers = {
              {"Location",
               faults_.redirect == "self" ? url() : faults_.redirect}}};
    }
    const std::string range = request.header("range");  // bytes=BEGIN-
    const size_t begin = range.empty() || faults_.ignores_ranges
                             ? 0
                             : std::stoul(range.substr(6));
    if (begin >= body_.size()) {
      return {.status = 416};
    }
    return {
        .status = begin > 0 ? 206 : 200,
        .body = body_.substr(begin),
        .max_body_bytes = faults_.max_bytes};
  }

  std::string body_;
  Faults faults_;
  int num_answered_ = 0;
  LoopbackServer server_;
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
