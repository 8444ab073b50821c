#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "dashboard/dashboard.h"
#include "http/client.h"
#include "raster/image_file.h"
#include "table/parquet.h"

namespace nadir::dashboard {
namespace {

constexpr int kImagesPerClass = 8;

// Two classes of small pictures, predictions of one of them, embeddings of all.
class DataRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    write_images();
    write_predictions();
    write_embeddings();
    DataSources data;
    data.dataset.data = images_.string();
    data.predictions = (folder_.path() / "p.parquet").string();
    data.embeddings = (folder_.path() / "e.parquet").string();
    DashboardConfig config;
    config.port = 0;
    shown_ = std::make_unique<Dashboard>(
        DashboardSources{.runs = {}, .data = data}, config);
    const auto url = shown_->url();
    port_ = std::stoi(url.substr(url.rfind(':') + 1));
  }

  void write_images() {
    for (const std::string name : {"forest", "water"}) {
      make_folder(images_ / name);
      for (int i = 0; i < kImagesPerClass; ++i) {
        raster::Image picture(3, 10, 20, raster::PixelType::kUint8);
        for (auto& byte : picture.bytes()) {
          byte = static_cast<std::byte>(20 * i);
        }
        const auto file = name + "/" + std::to_string(i) + ".png";
        raster::write_png(images_ / file, picture);
        names_.push_back(file);
      }
    }
  }

  void write_predictions() const {
    table::Table table;
    table.columns.push_back({"name", table::TextColumn{names_[0], names_[9]}});
    table.columns.push_back(
        {"labels",
         table::TextListColumn{
             table::TextList{"forest"}, table::TextList{"forest"}}});
    table.columns.push_back({"forest", table::NumberColumn{0.9, 0.8}});
    table.columns.push_back({"water", table::NumberColumn{0.1, 0.2}});
    table::write_parquet(folder_.path() / "p.parquet", table);
  }

  // Forest points east, water north, each a little differently.
  void write_embeddings() const {
    table::Table table;
    table::FloatRowsColumn features{4, {}};
    table::TextColumn names;
    for (size_t i = 0; i < names_.size(); ++i) {
      const bool is_forest = i < kImagesPerClass;
      const auto turn = static_cast<float>(i % kImagesPerClass) / 50;
      names.emplace_back(names_[i]);
      for (const float value :
           {is_forest ? 1.0F : turn, is_forest ? turn : 1.0F, turn, 0.1F}) {
        features.values.push_back(value);
      }
    }
    table.columns.push_back({"name", names});
    table.columns.push_back({"features", features});
    table::write_parquet(folder_.path() / "e.parquet", table);
  }

  [[nodiscard]] http::Answer ask(
      const std::string& method,
      const std::string& path,
      const std::string& body = "") const {
    http::Client client(port_);
    client.send(fmt::format(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
        method,
        path,
        body.size(),
        body));
    return client.receive();
  }

  [[nodiscard]] nlohmann::json json_of(const std::string& path) const {
    const auto answer = ask("GET", path);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    return parse_json(answer.body);
  }

  template <class T>
  [[nodiscard]] std::vector<T> numbers_of(const std::string& path) const {
    const auto bytes = ask("GET", path).body;
    std::vector<T> numbers(bytes.size() / sizeof(T));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path images_ = folder_.path() / "images";
  std::vector<std::string> names_;
  std::unique_ptr<Dashboard> shown_;
  int port_ = 0;
};

TEST_F(DataRoutesTest, LeavesOutWhatWasFoundAndIsOfOtherImages) {
  table::Table table;
  table.columns.push_back({"name", table::TextColumn{"elsewhere.png"}});
  table.columns.push_back({"labels", table::TextListColumn{table::TextList{}}});
  table.columns.push_back({"ice", table::NumberColumn{0.9}});
  DataSources data;
  data.dataset.data = images_.string();
  data.predictions = (folder_.path() / "other.parquet").string();
  table::write_parquet(data.predictions, table);
  EXPECT_THROW(DataParts{data}, Error);
  data.found_predictions = true;
  EXPECT_EQ(DataParts(data).predictions(), nullptr);
}

TEST_F(DataRoutesTest, SaysWhatThereIs) {
  const auto has = json_of("/api/info")["has"];
  EXPECT_EQ(has["data"], true);
  EXPECT_EQ(has["predictions"], true);
  EXPECT_EQ(has["embeddings"], true);
  EXPECT_EQ(has["network"], false);
  EXPECT_EQ(has["footprints"], false);
  const auto data = json_of("/api/data");
  EXPECT_EQ(data["num_images"], 2 * kImagesPerClass);
  EXPECT_EQ(data["task"], "single_label");
  EXPECT_EQ(data["composites"].size(), 1);
  EXPECT_TRUE(data["bounds"].is_null());
  EXPECT_EQ(ask("GET", "/api/map/points").status, 404);
}

TEST_F(DataRoutesTest, ShowsImagesAndTheirPictures) {
  EXPECT_EQ(json_of("/api/images?class=water")["total"], kImagesPerClass);
  const auto image = json_of("/api/images/9");
  EXPECT_EQ(image["name"], "water/1.png");
  EXPECT_EQ(image["bands"][0]["mean"], 20);
  EXPECT_EQ(image["num_heads"], 0);
  for (const char* picture :
       {"thumbnail.png", "composite/0.png", "band/G.png"}) {
    const auto answer = ask("GET", fmt::format("/api/images/9/{}", picture));
    EXPECT_EQ(answer.status, 200) << picture;
    EXPECT_TRUE(answer.has("image/png")) << picture;
    const auto decoded = raster::decode_image(answer.body, picture);
    EXPECT_EQ(decoded.width(), 20) << picture;
  }
  for (const char* missing :
       {"16", "9/band/B02.png", "9/composite/1.png", "9/attention/0.png"}) {
    EXPECT_EQ(ask("GET", fmt::format("/api/images/{}", missing)).status, 404)
        << missing;
  }
}

TEST_F(DataRoutesTest, ScoresClasses) {
  const auto classes = json_of("/api/classes");
  EXPECT_EQ(classes["num_images"], 2);
  EXPECT_EQ(classes["classes"][1]["recall"], 0);
  EXPECT_EQ(classes["co_occurrence"][1][0], 1);
  EXPECT_EQ(json_of("/api/classes/0/curve")["recall"].size(), 2);
  EXPECT_EQ(ask("GET", "/api/classes/2/curve").status, 404);
  EXPECT_EQ(json_of("/api/images?wrong=forest")["images"][0]["id"], 9);
}

TEST_F(DataRoutesTest, PlacesEmbeddingsInThePlane) {
  const auto places = numbers_of<float>("/api/atlas/points?method=pca");
  ASSERT_EQ(places.size(), 4 * kImagesPerClass);
  // The first component tells the classes apart.
  for (size_t i = 0; i < kImagesPerClass; ++i) {
    EXPECT_LT(places[2 * i] * places[2 * (i + kImagesPerClass)], 0);
  }
  EXPECT_EQ(numbers_of<int32_t>("/api/atlas/ids")[3], 3);
  const auto codes = numbers_of<uint8_t>("/api/atlas/codes?by=class");
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[15], 1);
  const auto errors = numbers_of<float>("/api/atlas/codes?by=error");
  EXPECT_NEAR(errors[9], 0.8, 1e-6);
  EXPECT_TRUE(std::isnan(errors[1]));
  EXPECT_EQ(ask("GET", "/api/atlas/codes?by=mood").status, 400);
  EXPECT_EQ(ask("GET", "/api/atlas/points?method=umap").status, 404);
  EXPECT_EQ(ask("POST", "/api/atlas/umap").status, 202);
  std::string state;
  for (int i = 0; i < 500 && state != "ready"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    state = json_of("/api/atlas")["methods"]["umap"]["state"];
  }
  EXPECT_EQ(state, "ready");
  EXPECT_EQ(
      numbers_of<float>("/api/atlas/points?method=umap").size(), places.size());
}

TEST_F(DataRoutesTest, FindsWhatIsAlike) {
  const auto near = json_of("/api/images/0/neighbours?count=7")["neighbours"];
  ASSERT_EQ(near.size(), 7);
  for (const auto& image : near) {
    EXPECT_EQ(image["labels"][0], "forest");
    EXPECT_NE(image["id"], 0);
  }
  const auto water =
      json_of("/api/search?class=water&not_class=forest&count=8")["results"];
  ASSERT_EQ(water.size(), 8);
  EXPECT_EQ(water[7]["labels"][0], "water");
  EXPECT_EQ(ask("GET", "/api/search").status, 400);
  EXPECT_EQ(ask("GET", "/api/search?like=99").status, 400);
  EXPECT_EQ(ask("GET", "/api/search?class=ice").status, 400);
}

TEST_F(DataRoutesTest, GivesListsAway) {
  const auto ask_for = [&](const std::string& body) {
    return ask("POST", "/api/export", body);
  };
  const auto names = ask_for(R"({"ids": [9, 0], "format": "names"})");
  EXPECT_EQ(names.body, "water/1.png\nforest/0.png\n");
  EXPECT_TRUE(names.has("attachment; filename=\"images.txt\""));
  const auto csv = ask_for(R"({"ids": [9], "format": "csv"})");
  EXPECT_EQ(
      csv.body,
      "name,labels,predicted,error\n\"water/"
      "1.png\",\"water\",\"forest\",0.8\n");
  for (const char* wrong :
       {R"({"ids": [16], "format": "csv"})",
        R"({"ids": [-1], "format": "csv"})",
        R"({"ids": [0], "format": "exe"})",
        R"({"ids": [0], "format": "geojson"})",
        R"({"ids": "all", "format": "csv"})",
        "[]",
        "no json"}) {
    EXPECT_EQ(ask_for(wrong).status, 400) << wrong;
  }
}

TEST_F(DataRoutesTest, LooksForWindowsInGeotiffsAlone) {
  // These embeddings do not say how they were made.
  const auto tiff =
      ask("POST", "/api/search/window", std::string("II*\0...", 7));
  EXPECT_EQ(tiff.status, 400);
  EXPECT_FALSE(tiff.has("is none"));
  for (const std::string text :
       {"<VRTDataset><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>",
        "",
        "\x89PNG"}) {
    const auto answer = ask("POST", "/api/search/window", text);
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_TRUE(answer.has("is none")) << text;
  }
}

}  // namespace
}  // namespace nadir::dashboard
