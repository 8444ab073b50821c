#include "serve/service.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "http/client.h"
#include "raster/image_file.h"
#include "serve/images.h"

namespace nadir::serve {
namespace {

using http::Answer;
using http::Client;
using http::get;
using http::post;
using http::post_text;
using std::chrono::milliseconds;

// One number an image: the mean of its view.
std::vector<ModelOutput> mean_of_views(std::span<float> views, int64_t count) {
  std::vector<ModelOutput> outputs(static_cast<size_t>(count));
  const size_t size = views.size() / outputs.size();
  for (size_t i = 0; i < outputs.size(); ++i) {
    double sum = 0;
    for (const float value : views.subspan(i * size, size)) {
      sum += value;
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(size));
    outputs[i].embedding = {mean};
    outputs[i].is_finite = std::isfinite(mean);
  }
  return outputs;
}

ModelInfo small_model() {
  ModelInfo info;
  info.weights = "small";
  info.normalization = rules_for().normalization;
  info.resize_px = 0;
  info.crop_px = 8;
  info.embedding = "mean";
  info.embedding_dim = 1;
  return info;
}

ServeConfig on_a_free_port() {
  ServeConfig config;
  config.port = 0;
  config.num_workers = 2;
  config.max_wait_ms = 1;
  return config;
}

std::string picture(uint64_t seed) {
  return raster::encode_png(noise<uint8_t>(3, 8, 8, seed));
}

std::string line_of(const std::string& png) {
  return "{\"data\": \"" + base64(png) +
         "\", \"content_type\": \"image/png\"}\n";
}

float embedding_of(const Answer& answer, size_t image = 0) {
  EXPECT_EQ(answer.status, 200) << answer.body;
  return parse_json(answer.body)["predictions"][image]["embedding"][0];
}

TEST(Service, AnswersEveryRoute) {
  Service service(small_model(), mean_of_views, on_a_free_port());
  const int port = service.port();
  const auto ping = get(port, "/ping");
  EXPECT_EQ(ping.status, 200);
  EXPECT_EQ(ping.body, "");
  EXPECT_EQ(
      parse_json(get(port, "/execution-parameters").body)["MaxPayloadInMB"], 6);
  EXPECT_EQ(parse_json(get(port, "/model").body)["bands"][2], "B");
  EXPECT_EQ(get(port, "/nothing").status, 404);
  EXPECT_TRUE(get(port, "/invocations").has("Allow: POST"));
  EXPECT_EQ(post(port, "/ping", "", "").status, 405);
  EXPECT_EQ(post(port, "/invocations", picture(1), "image/png").status, 200);
  const auto metrics = get(port, "/metrics");
  EXPECT_TRUE(metrics.has(
      "nadir_requests_total{route=\"/invocations\",status=\"200\"} 1"));
  EXPECT_TRUE(
      metrics.has("nadir_requests_total{route=\"other\",status=\"404\"} 1"));
  EXPECT_TRUE(metrics.has("nadir_images_total 1\n"));
}

TEST(Service, SaysWhatIsWrongWithARequest) {
  Service service(small_model(), mean_of_views, on_a_free_port());
  const int port = service.port();
  EXPECT_EQ(post(port, "/invocations", "x", "text/plain").status, 415);
  EXPECT_EQ(post(port, "/invocations", "x", "").status, 415);
  EXPECT_EQ(
      post(port, "/invocations", "x", "image/png", "Accept: text/html\r\n")
          .status,
      406);
  const auto answer = post(port, "/invocations", "x", "image/png");
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.has("PNG"));
  // Numbers that a float32 holds and the view does not.
  const std::string huge = [] {
    const std::vector<float> values(3 * 8 * 8, 3e38F);
    return std::string(
        reinterpret_cast<const char*>(values.data()), values.size() * 4);
  }();
  auto info = small_model();
  info.normalization.quantize = false;
  Service floats(info, mean_of_views, on_a_free_port());
  const auto refused = post(
      floats.port(),
      "/invocations",
      npy_of("<f4", "(3, 8, 8)", huge),
      "application/x-npy");
  EXPECT_TRUE(refused.status == 400 || refused.status == 200);
}

TEST(Service, KeepsTheOrderOfManyImagesAndTheirNumbers) {
  auto config = on_a_free_port();
  config.batch_size = 4;
  Service service(small_model(), mean_of_views, config);
  std::string lines;
  std::vector<float> alone;
  for (uint64_t i = 0; i < 11; ++i) {
    lines += line_of(picture(i));
    alone.push_back(embedding_of(
        post(service.port(), "/invocations", picture(i), "image/png")));
  }
  const auto answer =
      post(service.port(), "/invocations", lines, "application/jsonlines");
  EXPECT_TRUE(answer.has("application/jsonlines"));
  std::istringstream text(answer.body);
  std::string line;
  for (const float wanted : alone) {
    ASSERT_TRUE(std::getline(text, line));
    EXPECT_EQ(parse_json(line)["embedding"][0].get<float>(), wanted);
  }
  EXPECT_FALSE(std::getline(text, line));
  // One wrong line refuses the whole request.
  EXPECT_TRUE(
      post(
          service.port(), "/invocations", lines + "{}", "application/jsonlines")
          .has("line 12"));
}

TEST(Service, AnswersManyClientsAtOnceEachWithItsOwn) {
  Service service(small_model(), mean_of_views, on_a_free_port());
  std::vector<std::future<int>> clients;
  for (uint64_t c = 0; c < 32; ++c) {
    clients.push_back(std::async(std::launch::async, [&service, c] {
      const auto png = picture(100 + c);
      const auto image = raster::decode_image(png, "");
      std::vector<float> wrong;
      Client client(service.port());
      float first = 0;
      int num_equal = 0;
      for (int i = 0; i < 8; ++i) {
        client.send(post_text("/invocations", png, "image/png"));
        const float value = embedding_of(client.receive());
        first = i == 0 ? value : first;
        num_equal += value == first ? 1 : 0;
      }
      const float alone =
          embedding_of(post(service.port(), "/invocations", png, "image/png"));
      return alone == first ? num_equal : 0;
    }));
  }
  for (auto& client : clients) {
    EXPECT_EQ(client.get(), 8);
  }
}

TEST(Service, RefusesWhatIsTooMuchAndServesOnAfterIt) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  auto config = on_a_free_port();
  config.max_in_flight = 3;
  Service service(
      small_model(),
      [gate](std::span<float> views, int64_t count) {
        gate.wait();
        return mean_of_views(views, count);
      },
      config);
  std::vector<std::future<Answer>> taken;
  for (uint64_t i = 0; i < 3; ++i) {
    taken.push_back(std::async(std::launch::async, [&service, i] {
      return post(service.port(), "/invocations", picture(i), "image/png");
    }));
  }
  while (!get(service.port(), "/metrics").has("nadir_requests_in_flight 3\n")) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  const auto refused =
      post(service.port(), "/invocations", picture(9), "image/png");
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  EXPECT_EQ(get(service.port(), "/ping").status, 200);
  go.set_value();
  for (auto& one : taken) {
    EXPECT_EQ(one.get().status, 200);
  }
  EXPECT_EQ(
      post(service.port(), "/invocations", picture(9), "image/png").status,
      200);
}

TEST(Service, WantsItsTokenEverywhereButAtPing) {
  auto config = on_a_free_port();
  config.token = "0123456789abcdef";
  Service service(small_model(), mean_of_views, config);
  const int port = service.port();
  const auto with = [](const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
  };
  EXPECT_EQ(get(port, "/ping").status, 200);
  EXPECT_EQ(get(port, "/metrics").status, 401);
  EXPECT_EQ(get(port, "/metrics", with("0123456789abcdeg")).status, 401);
  EXPECT_EQ(get(port, "/metrics", with("0123456789abcde")).status, 401);
  EXPECT_EQ(get(port, "/metrics", with(config.token + "x")).status, 401);
  EXPECT_EQ(get(port, "/metrics", with(config.token)).status, 200);
  EXPECT_EQ(post(port, "/invocations", picture(1), "image/png").status, 401);
  EXPECT_EQ(
      post(port, "/invocations", picture(1), "image/png", with(config.token))
          .status,
      200);
}

TEST(Service, FinishesWhatWasBegunAndRefusesTheRestWhenItDrains) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  Service service(
      small_model(),
      [gate](std::span<float> views, int64_t count) {
        gate.wait();
        return mean_of_views(views, count);
      },
      on_a_free_port());
  const int port = service.port();
  auto begun = std::async(std::launch::async, [port] {
    return post(port, "/invocations", picture(1), "image/png");
  });
  while (!get(port, "/metrics").has("nadir_requests_in_flight 1\n")) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  auto drained = std::async(std::launch::async, [&service] {
    return service.drain(std::chrono::seconds(10));
  });
  while (get(port, "/ping").status != 503) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  const auto refused = post(port, "/invocations", picture(2), "image/png");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After"));
  go.set_value();
  EXPECT_EQ(begun.get().status, 200);
  EXPECT_TRUE(drained.get());
}

TEST(Service, AnswersANetworkThatFailsWith500AndGoesOn) {
  std::atomic<bool> fails = true;
  Service service(
      small_model(),
      [&fails](std::span<float> views, int64_t count) {
        if (fails) {
          throw std::runtime_error("the device is gone");
        }
        return mean_of_views(views, count);
      },
      on_a_free_port());
  const auto failed =
      post(service.port(), "/invocations", picture(1), "image/png");
  EXPECT_EQ(failed.status, 500);
  EXPECT_FALSE(failed.has("device"));  // the log's, not the client's
  fails = false;
  EXPECT_EQ(
      post(service.port(), "/invocations", picture(1), "image/png").status,
      200);
}

// Flips, cuts, doubles and garbles bytes of bodies that are right.
std::string mutated(std::string body, RandomStream& random) {
  const int num_changes = 1 + static_cast<int>(random.uniform_int(8));
  for (int i = 0; i < num_changes && !body.empty(); ++i) {
    const auto at = random.uniform_int(static_cast<uint32_t>(body.size()));
    switch (random.uniform_int(5)) {
      case 0:
        body[at] = static_cast<char>(random.uniform_int(256));
        break;
      case 1:
        body[at] = static_cast<char>(body[at] ^ (1 << random.uniform_int(8)));
        break;
      case 2:
        body.resize(at);
        break;
      case 3:
        body.insert(at, body.substr(at, 20));
        break;
      default:  // the header is where most is decided
        body[at % 64 % body.size()] =
            static_cast<char>(random.uniform_int(256));
    }
  }
  return body;
}

TEST(Service, OutlivesThousandsOfMutatedBodies) {
  Service service(small_model(), mean_of_views, on_a_free_port());
  const auto image = noise<uint8_t>(3, 8, 8);
  const auto png = raster::encode_png(image);
  std::vector<data::BandView> views;
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"image/png", png},
      {"image/tiff", raster::encode_geotiff(image, {})},
      {"application/x-npy", npy_of("|u1", "(3, 8, 8)", bytes_of(image))},
      {"application/json", "{\"instances\": [" + line_of(png) + "]}"},
      {"application/jsonlines", line_of(png) + line_of(png)}};
  RandomStream random(7, StreamPurpose::kTest);
  auto client = std::make_unique<Client>(service.port());
  int num_refused = 0;
  for (int i = 0; i < 2500; ++i) {
    const auto& [type, body] = bodies[static_cast<size_t>(i) % bodies.size()];
    client->send(post_text("/invocations", mutated(body, random), type));
    const auto answer = client->receive();
    ASSERT_TRUE(answer.status == 200 || answer.status == 400)
        << i << " " << type << " " << answer.status << answer.body;
    num_refused += answer.status == 400 ? 1 : 0;
  }
  EXPECT_GT(num_refused, 1000);
  EXPECT_EQ(get(service.port(), "/ping").status, 200);
  EXPECT_EQ(post(service.port(), "/invocations", png, "image/png").status, 200);
}

TEST(Service, OutlivesMutatedRequests) {
  Service service(small_model(), mean_of_views, on_a_free_port());
  const auto request = post_text(
      "/invocations",
      picture(1),
      "image/png",
      "Accept: text/csv\r\nConnection: close\r\n");
  RandomStream random(8, StreamPurpose::kTest);
  for (int i = 0; i < 300; ++i) {
    Client client(service.port());
    client.send(mutated(request, random));
    // No more comes: a request that is cut short need not be waited for.
    const auto answer = client.receive(milliseconds(20));
    ASSERT_TRUE(answer.status == 0 || answer.status < 500) << answer.status;
  }
  EXPECT_EQ(get(service.port(), "/ping").status, 200);
}

}  // namespace
}  // namespace nadir::serve
