#include "dashboard/dashboard.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/host_name.h"
#include "core/json.h"
#include "dashboard/assets.h"
#include "dashboard/made_run.h"
#include "http/client.h"

namespace nadir::dashboard {
namespace {

using http::Client;

class DashboardTest : public testing::Test {
 protected:
  void SetUp() override {
    trained_.train(20);
    open({});
  }

  void open(DashboardConfig config) {
    config.port = 0;
    shown_.reset();
    shown_ = std::make_unique<Dashboard>(
        DashboardSources{.runs = find_runs({trained_.folder().string()})},
        config);
    const auto url = shown_->url();
    port_ = std::stoi(url.substr(url.rfind(':') + 1));
  }

  // With the Host that a browser on this machine sends.
  [[nodiscard]] http::Answer ask(
      const std::string& method,
      const std::string& path,
      const std::string& headers = "Host: localhost\r\n",
      const std::string& body = "") const {
    Client client(port_);
    client.send(fmt::format(
        "{} {} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{}",
        method,
        path,
        headers,
        body.size(),
        body));
    return client.receive();
  }

  const TemporaryFolder folder_;
  MadeRun trained_ = MadeRun(folder_.path() / "a", 0.04);
  std::unique_ptr<Dashboard> shown_;
  int port_ = 0;
};

TEST_F(DashboardTest, ServesItsPageAndWhatThePageAsks) {
  const auto page = ask("GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(page.has("<!doctype html>"));
  EXPECT_TRUE(page.has("Content-Security-Policy: default-src 'none'"));
  EXPECT_TRUE(page.has("X-Frame-Options: DENY"));
  for (int i = 0; i < kNumAssets; ++i) {
    const auto asset = ask("GET", std::string(kAssets[i].path));
    EXPECT_EQ(asset.status, 200) << kAssets[i].path;
    EXPECT_EQ(asset.body, kAssets[i].bytes);
    EXPECT_FALSE(asset.has("application/octet-stream")) << kAssets[i].path;
  }
  const auto runs = parse_json(ask("GET", "/api/runs").body);
  EXPECT_EQ(runs["runs"][0]["name"], "a");
  EXPECT_EQ(parse_json(ask("GET", "/api/info").body)["num_runs"], 1);
}

TEST_F(DashboardTest, AnswersNothingOutsideItsRoutes) {
  for (const char* path :
       {"/etc/passwd",
        "/app/../../../../etc/passwd",
        "/app/..%2f..%2f..%2fetc/passwd",
        "/app/%2e%2e/%2e%2e/etc/passwd",
        "/api/runs/0/pictures/..%2f..%2fstatus.json",
        "/api/runs/-1",
        "/api/runs/1",
        "//",
        "/app/"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  const auto refused = ask("DELETE", "/api/runs/0");
  EXPECT_EQ(refused.status, 405);
  EXPECT_TRUE(refused.has("Allow: GET"));
  EXPECT_EQ(ask("GET", "/", "Host: evil.example\r\n").status, 403);
  EXPECT_EQ(ask("GET", "/api/runs/0/curves?points=x").status, 400);
}

TEST_F(DashboardTest, SendsWhatChangesWhileARunTrains) {
  Client client(port_);
  client.send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::thread trainer([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
    trained_.train(5);
  });
  // Everything until the time is over, since the stream has no end.
  const auto heard = client.receive(std::chrono::milliseconds(3500));
  trainer.join();
  EXPECT_EQ(heard.status, 200);
  EXPECT_TRUE(heard.has("Content-Type: text/event-stream"));
  EXPECT_TRUE(heard.has("event: runs\ndata: {\"runs\":[{\"id\":0,"));
  EXPECT_TRUE(heard.has("\"step\":20.0"));
  EXPECT_TRUE(heard.has("\"step\":25.0"));
}

TEST_F(DashboardTest, TakesNotesFromItsOwnPage) {
  const std::string json =
      "Host: localhost\r\nContent-Type: application/json\r\n";
  const std::string body = R"({"text": "<b>better</b>", "version": ""})";
  const auto path = "/api/runs/0/notes";
  EXPECT_EQ(
      ask("PUT", path, json + "Origin: http://evil.example\r\n", body).status,
      403);
  EXPECT_EQ(ask("PUT", path, "Host: localhost\r\n", body).status, 400);
  EXPECT_EQ(ask("PUT", path, json, "{\"text\": 3}").status, 400);
  const auto written =
      ask("PUT", path, json + "Origin: http://localhost\r\n", body);
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(read_file(trained_.folder() / "notes.md"), "<b>better</b>");
  EXPECT_EQ(ask("PUT", path, json, body).status, 409);  // it has changed since
}

TEST_F(DashboardTest, AsksForItsTokenWhereItHasOne) {
  DashboardConfig config;
  config.token = "0123456789abcdef";
  trained_.train(1);
  config.port = 0;
  const Dashboard guarded(
      {.runs = find_runs({trained_.folder().string()})}, config);
  const auto url = guarded.url();
  EXPECT_NE(url.find("/?token=0123456789abcdef"), std::string::npos);
  const size_t colon = url.find(':', 7);
  port_ = std::stoi(url.substr(colon + 1));
  EXPECT_EQ(ask("GET", "/").status, 401);
  EXPECT_EQ(ask("GET", "/?token=0123456789abcdef").status, 303);
  EXPECT_EQ(
      ask("GET",
          "/api/runs",
          "Host: x\r\nCookie: nadir_token=0123456789abcdef\r\n")
          .status,
      200);
}

TEST(DashboardConfigTest, AnAddressForOthersNamesThisHost) {
  DashboardConfig config;
  config.port = 0;
  config.host = "0.0.0.0";
  config.token = "0123456789abcdef";
  const Dashboard open({}, config);
  EXPECT_TRUE(open.url().starts_with("http://" + host_name() + ":"))
      << open.url();
}

TEST(DashboardConfigTest, RefusesWhatIsNoTokenPortOrTiles) {
  const auto refused =
      [](const std::string& token, int64_t port, const std::string& tile_url) {
        DashboardConfig config;
        config.token = token;
        config.port = port;
        config.tile_url = tile_url;
        EXPECT_THROW(Dashboard({}, config), Error) << token << port << tile_url;
      };
  refused("short", 0, "");
  refused("0123456789abcdef; Path=/", 0, "");
  refused("", 70000, "");
  refused("", 0, "https://tiles.example/");
  refused("", 0, "https://t.example/{z}/{x}/{y}; script-src *");
  refused("", 0, "javascript:{z}{x}{y}");
}

}  // namespace
}  // namespace nadir::dashboard
