// Whole scenes through the program: maps, resuming, parts, and what is refused.
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "cli/noise_scene.h"
#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"
#include "raster/geotiff.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSceneHeight = 500;
constexpr int64_t kSceneWidth = 620;

// Four bands; the first columns are 0.
NoiseScene noise(uint64_t seed) {
  return {4, kSceneHeight, kSceneWidth, 100, seed};
}

class MapTest : public testing::Test {
 protected:
  MapTest() {
    // LibTorch's products may round otherwise with another number of threads.
    ::setenv("OMP_NUM_THREADS", "1", 1);
    write_noise_scene(folder_.path() / "june.tif", noise(1));
  }

  ~MapTest() override { ::unsetenv("OMP_NUM_THREADS"); }

  // The words of a map of june.tif, whose bands are named unless `more` does.
  [[nodiscard]] static std::vector<std::string> map_words(
      const std::string& more) {
    const bool has_names = more.find("--band-names") != std::string::npos;
    const std::string names = has_names ? "" : "--band-names B02,B03,B04,B08 ";
    return words_of(
        "map june.tif --nodata 0 --window-px 60 --batch-size 16 "
        "--num-workers 2 " +
            names + more,
        {"--probe", trained_probe().string()});
  }

  // Sends `signal` once some windows more are there.
  [[nodiscard]] Outcome run(
      const std::vector<std::string>& words, int signal = 0) const {
    const auto windows =
        folder_.path() / "m/part-00001-of-00001/first/probabilities.f32";
    const auto size = [windows] {
      std::error_code error;
      const auto bytes = fs::file_size(windows, error);
      return error ? 0 : bytes;
    };
    ProcessOptions options;
    options.folder = folder_.path();
    options.signal = signal;
    options.when = [size, before = size()] { return size() > before; };
    return run_nadir(words, options);
  }

  [[nodiscard]] Outcome map(const std::string& more, int signal = 0) const {
    return run(map_words(more), signal);
  }

  [[nodiscard]] std::string bytes(const std::string& file) const {
    return read_file(folder_.path() / file);
  }

  [[nodiscard]] bool has(const std::string& file) const {
    return fs::exists(folder_.path() / file);
  }

  void expect_refused(const std::string& more, const std::string& why) const {
    const auto outcome = map(more);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.text();
  }

  const TemporaryFolder folder_;
};

TEST_F(MapTest, MapsClassesComponentsAndChange) {
  write_noise_scene(folder_.path() / "july.tif", noise(2));
  const auto outcome =
      map("--stride-px 30 --embeddings 3 --change july.tif --out m --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  const auto summary = outcome.json();
  EXPECT_EQ(summary["map_height"], 17);
  EXPECT_EQ(summary["map_width"], 21);
  EXPECT_EQ(summary["windows"].size(), 2U);
  EXPECT_GT(summary["windows"][0]["skipped"], 0);
  ASSERT_EQ(summary["outputs"].size(), 3U);
  EXPECT_EQ(summary["outputs"][0]["bands"].size(), 19U);
  EXPECT_EQ(summary["outputs"][2]["bands"].size(), 20U);
  for (const char* file :
       {"m/probabilities.tif", "m/embeddings.tif", "m/change.tif"}) {
    const auto info = raster::read_raster_info(folder_.path() / file);
    EXPECT_EQ(info.height, 17) << file;
    EXPECT_EQ(info.width, 21) << file;
    EXPECT_EQ(info.georeference.transform[1], 300) << file;
  }
  EXPECT_TRUE(has("m/components.safetensors"));
  EXPECT_FALSE(has("m/part-00001-of-00001"));
  // Components are taken from there for another map.
  const auto kept =
      map("--stride-px 30 --components m/components.safetensors --out kept");
  EXPECT_EQ(kept.exit_code, 0) << kept.text();
  EXPECT_TRUE(
      bytes("kept/components.safetensors") ==
      bytes("m/components.safetensors"));
  // The same again is known to be there; other maps are not written over it.
  const auto again =
      map("--stride-px 30 --embeddings 3 --change july.tif --out m --json");
  EXPECT_EQ(again.exit_code, 0) << again.text();
  EXPECT_EQ(again.json()["was_complete"], true) << again.text();
  expect_refused("--stride-px 20 --out m", "--overwrite");
  const auto over = map("--stride-px 60 --blend none --out m --overwrite");
  EXPECT_EQ(over.exit_code, 0) << over.text();
  EXPECT_FALSE(has("m/change.tif"));
  EXPECT_NE(over.out.find("m/probabilities.tif"), std::string::npos);
}

TEST_F(MapTest, GoesOnAfterSignalsToTheSameBytes) {
  const std::string line = "--stride-px 10 --embeddings 2 --seed 1 --out ";
  const auto straight = map(line + "straight");
  ASSERT_EQ(straight.exit_code, 0) << straight.text();
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto stopped = map(line + "m", signal);
    ASSERT_EQ(stopped.exit_code, 128 + signal) << stopped.text();
    EXPECT_NE(stopped.err.find("goes on from there"), std::string::npos)
        << stopped.text();
    EXPECT_FALSE(has("m/map.json"));
  }
  // Not what was begun.
  expect_refused("--stride-px 12 --embeddings 2 --out m", "stride_px");
  const auto finished = map(line + "m");
  ASSERT_EQ(finished.exit_code, 0) << finished.text();
  EXPECT_NE(finished.err.find("going on"), std::string::npos);
  for (const char* file :
       {"probabilities.tif", "embeddings.tif", "components.safetensors"}) {
    EXPECT_TRUE(
        bytes(std::string("m/") + file) ==
        bytes(std::string("straight/") + file))
        << file;
  }
}

TEST_F(MapTest, PartsAndLaunchedProcessesGiveTheSameBytes) {
  const std::string line = "--stride-px 20 --out ";
  ASSERT_EQ(map(line + "one").exit_code, 0);
  const auto second = map(line + "parts --part 2/2 --json");
  ASSERT_EQ(second.exit_code, 0) << second.text();
  EXPECT_EQ(second.json()["missing"], nlohmann::json({1}));
  EXPECT_FALSE(has("parts/probabilities.tif"));
  const auto first = map(line + "parts --part 1/2");
  ASSERT_EQ(first.exit_code, 0) << first.text();
  EXPECT_TRUE(
      bytes("parts/probabilities.tif") == bytes("one/probabilities.tif"));
  auto words = words_of("launch --nproc-per-node 2 --");
  const auto rest = map_words(line + "launched");
  words.insert(words.end(), rest.begin(), rest.end());
  const auto launched = run(words);
  ASSERT_EQ(launched.exit_code, 0) << launched.text();
  EXPECT_TRUE(
      bytes("launched/probabilities.tif") == bytes("one/probabilities.tif"));
}

TEST_F(MapTest, SaysWhatItWouldDo) {
  const auto outcome = map("--stride-px 30 --out m --dry-run --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_EQ(outcome.json()["windows"], 16 * 20);
  EXPECT_EQ(outcome.json()["map_bands"], 19);
  EXPECT_GT(outcome.json()["memory_bytes"], 0);
  EXPECT_FALSE(has("m"));
}

TEST_F(MapTest, RefusesWhatDoesNotGoTogether) {
  expect_refused("--band-names R,G,B,X --out m", "B04");
  raster::write_geotiff(
      folder_.path() / "other.tif",
      raster::Image(4, 500, 620, raster::PixelType::kUint16),
      {"EPSG:32634", {404400, 10, 0, 5342400, 0, -10}});
  expect_refused("--change other.tif --out m", "projection");
  EXPECT_FALSE(has("m"));
  ProcessOptions options;
  options.folder = folder_.path();
  const auto nothing = run_nadir(
      words_of(
          "map june.tif --window-px 60",
          {"--weights", finished_run().string()}),
      options);
  EXPECT_EQ(nothing.exit_code, 2) << nothing.text();
  EXPECT_NE(nothing.err.find("say what to map"), std::string::npos);
  const auto missing = run_nadir(
      words_of(
          "map none.tif --window-px 60", {"--probe", trained_probe().string()}),
      options);
  EXPECT_EQ(missing.exit_code, 2) << missing.text();
}

}  // namespace
}  // namespace nadir::cli
