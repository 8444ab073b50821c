// The whole way, from a synthetic world to a report, as a user goes it.
#include <cmath>
#include <cstring>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/noise_scene.h"
#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"
#include "core/json.h"
#include "data/dataset.h"
#include "raster/geotiff.h"
#include "table/parquet.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Chain : public testing::Test {
 protected:
  // Runs in a folder of the test's own; the words of `line`, then `more`.
  [[nodiscard]] Outcome nadir(
      const std::string& line, const std::vector<std::string>& more = {}) {
    ProcessOptions options;
    options.folder = folder_.path();
    const auto outcome = run_nadir(words_of(line, more), options);
    EXPECT_EQ(outcome.exit_code, 0) << line << "\n" << outcome.text();
    return outcome;
  }

  [[nodiscard]] json nadir_json(
      const std::string& line, std::vector<std::string> more = {}) {
    more.emplace_back("--json");
    const auto outcome = nadir(line, more);
    EXPECT_TRUE(outcome.json().is_object()) << outcome.text();
    return outcome.json();
  }

  [[nodiscard]] bool has(const std::string& file) const {
    return fs::exists(folder_.path() / file);
  }

  [[nodiscard]] std::string bytes(const std::string& file) const {
    return read_file(folder_.path() / file);
  }

  const TemporaryFolder folder_;
  const std::string packed_ = packed_data().string();
};

// A key for each name, none missing.
void expect_keys(const json& object, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    EXPECT_TRUE(object.contains(name)) << name;
  }
}

TEST_F(Chain, SynthCountsWhatItMade) {
  const auto made = nadir_json("data synth world --patches 8 --seed 5");
  EXPECT_EQ(made["patches"], 8);
  EXPECT_EQ(
      made["train"].get<int>() + made["validation"].get<int>() +
          made["test"].get<int>() + made["unlabelled"].get<int>(),
      8);
  const auto archive =
      nadir_json("data synth archived --patches 8 --seed 5 --archive");
  const std::string tar = archive["data"].get<std::string>();
  EXPECT_TRUE(tar.ends_with(".tar.gz"));
  // Folder and archive hold the same: the same index comes of them.
  const auto index = [&](const std::string& source, const std::string& lists) {
    const auto report = nadir_json(
        "data index " + source + " --lists " + lists +
        " --keep-discouraged --out " + lists + ".parquet");
    EXPECT_EQ(report["rows"], 8);
    EXPECT_TRUE(report["bad"].empty());
    return bytes(lists + ".parquet");
  };
  EXPECT_TRUE(
      index(made["data"].get<std::string>(), "world/lists") ==
      index(tar, "archived/lists"));
  const auto verified = nadir_json("data verify " + tar);
  EXPECT_EQ(verified["patches"], 8);
  EXPECT_TRUE(verified["bad"].empty());
}

TEST_F(Chain, PackedDataIsDescribed) {
  const auto info = nadir_json("data info", {packed_});
  EXPECT_EQ(info["bands"].size(), 12U);
  EXPECT_EQ(info["class_names"].size(), 19U);
  EXPECT_EQ(info["images"]["all"], kNumPatches);
  EXPECT_EQ(info["first_image"]["height"], 120);
  const auto stats = nadir_json("data stats --bands B02,B8A", {packed_});
  EXPECT_EQ(stats["bands"]["bands"], json({"B02", "B8A"}));
  EXPECT_EQ(stats["measured"], kNumPatches);
  EXPECT_EQ(
      nadir_json(
          "data pack",
          {(world_folder() / "BigEarthNet-v1.0").string(),
           "--index",
           index_file().string(),
           "--out",
           packed_})["was_complete"],
      true);
}

TEST_F(Chain, SubsetCopiesBandsAndIndex) {
  const auto copied = nadir_json(
      "data subset --out up --bands B04,B03,B02",
      {(world_folder() / "BigEarthNet-v1.0").string(),
       "--index",
       index_file().string()});
  EXPECT_EQ(copied["patches"], kNumPatches);
  EXPECT_TRUE(has("up/metadata/final_ben_s2.parquet"));
  // Data and metadata as the article names them, each by its folder.
  const auto run = nadir_json(
      "pretrain --data-dir up/data_rgb --metadata-dir up/metadata "
      "--checkpoint-dir kept --out run --stop-after-steps 1 --recipe",
      {tiny_recipe().string()});
  EXPECT_EQ(run["steps"], 1);
  EXPECT_TRUE(has("kept/checkpoints/step-00000001/manifest.json"));
}

TEST_F(Chain, PretrainingLeavesTheRunFolder) {
  const fs::path run = finished_run();
  for (const char* file :
       {"config.toml",
        "provenance.json",
        "status.json",
        "metrics.jsonl",
        "weights/teacher.safetensors",
        "weights/config.json",
        "checkpoints/step-00000012/manifest.json",
        "pictures/views.png"}) {
    EXPECT_TRUE(fs::exists(run / file)) << file;
  }
  expect_keys(
      training_records(run).at(1),
      {"epoch",
       "loss",
       "lr",
       "weight_decay",
       "momentum",
       "teacher_temp",
       "grad_norm"});
  // stats_every_steps = 3
  expect_keys(
      training_records(run).at(4),
      {"teacher_entropy",
       "student_entropy",
       "kl",
       "batch_entropy",
       "feature_rank",
       "center_norm"});
  const auto config = read_json(run / "weights" / "config.json");
  EXPECT_EQ(config["bands"], json({"B04", "B03", "B02"}));
  EXPECT_EQ(config["normalization"]["name"], "rgb2000");
  EXPECT_EQ(config["class_names"].size(), 19U);
  EXPECT_EQ(config["image_size"], 32);
}

TEST_F(Chain, NeighboursScoreBesideTheBaselines) {
  const auto result = nadir_json(
      "eval knn --k 3,5 --bootstrap 20 --num-workers 1 --out scores",
      {"--weights", finished_run().string(), "--data", packed_});
  EXPECT_EQ(result["task"], "multi_label");
  ASSERT_EQ(result["rows"].size(), 3U);
  EXPECT_EQ(result["rows"][0]["features"], "random weights");
  EXPECT_EQ(result["rows"][1]["features"], "image statistics");
  for (const auto& row : result["rows"]) {
    expect_keys(row, {"ap_macro", "ap_micro", "ap_macro_ci", "f1_macro"});
    EXPECT_EQ(row["per_class"].size(), 19U);
    EXPECT_EQ(row["by_k"].size(), 2U);
    EXPECT_GE(row["ap_macro"].get<double>(), 0);
    EXPECT_LE(row["ap_macro"].get<double>(), 1);
  }
  EXPECT_EQ(parse_json(bytes("scores/knn.json")), result);
}

TEST_F(Chain, AProbeIsKeptAndPredicts) {
  const auto result = nadir_json(
      "eval linear --epochs 2 --lr 0.1,1 --blocks 1 --pool cls --bootstrap 0 "
      "--num-workers 1 --out scores",
      {"--weights", finished_run().string(), "--data", packed_});
  ASSERT_EQ(result["rows"].size(), 3U);
  EXPECT_EQ(result["rows"][2]["grid"].size(), 2U);
  EXPECT_TRUE(has("scores/linear/probe.safetensors"));
  for (const char* out : {"p.csv", "p.geojson", "p.gpkg", "p.parquet"}) {
    const auto predicted = nadir_json(
        "predict --probe scores/linear --split test --num-workers 1 --out " +
            std::string(out),
        {"--data", packed_});
    EXPECT_EQ(predicted["images"], result["splits"]["test"]);
    EXPECT_TRUE(has(out));
  }
  // The evaluation leaves the same beside the probe.
  const auto left =
      table::read_parquet(folder_.path() / "scores/linear/predictions.parquet");
  const auto made = table::read_parquet(folder_.path() / "p.parquet");
  EXPECT_EQ(
      left.get<table::TextColumn>("name"), made.get<table::TextColumn>("name"));
  const auto& pastures = left.get<table::NumberColumn>("Pastures");
  for (size_t i = 0; i < pastures.size(); ++i) {
    EXPECT_NEAR(
        pastures[i], made.get<table::NumberColumn>("Pastures")[i], 1e-5);
  }
  const auto places = parse_json(bytes("p.geojson"));
  ASSERT_EQ(places["type"], "FeatureCollection");
  EXPECT_EQ(places["features"].size(), result["splits"]["test"]);
  const auto& first = places["features"][0];
  EXPECT_EQ(first["geometry"]["type"], "Polygon");
  // A name, its labels, and a probability for each class.
  EXPECT_EQ(first["properties"].size(), 2U + 19U);
  std::istringstream csv(bytes("p.csv"));
  std::string header;
  std::getline(csv, header);
  EXPECT_TRUE(header.starts_with("name,labels,Urban fabric,")) << header;
}

TEST_F(Chain, ASegmentationHeadIsTrainedKeptAndMapped) {
  const auto result = nadir_json(
      "eval segment --head linear,conv --epochs 2 --lr 0.01 --window-px 120 "
      "--input-px 64 --bootstrap 0 --out scores",
      {"--weights",
       finished_run().string(),
       "--data",
       packed_,
       "--masks",
       (world_folder() / "masks").string()});
  EXPECT_EQ(result["task"], "segmentation");
  EXPECT_EQ(result["classes"].size(), 43U);
  ASSERT_EQ(result["rows"].size(), 6U);
  for (const auto& row : result["rows"]) {
    expect_keys(row, {"head", "mean_iou", "pixel_accuracy", "confusion"});
    EXPECT_GT(row["mean_iou"].get<double>(), 0);
    int64_t num_pixels = 0;
    for (const auto& entry : row["per_class"]) {
      num_pixels += entry["num_pixels"].get<int64_t>();
    }
    EXPECT_EQ(
        num_pixels,
        result["splits"]["test"].get<int64_t>() * int64_t{120 * 120});
  }
  EXPECT_EQ(parse_json(bytes("scores/segment.json")), result);
  EXPECT_TRUE(has("scores/segment/linear/segment.json"));
  EXPECT_TRUE(has("scores/segment/conv/segment.safetensors"));
  EXPECT_TRUE(has("scores/segment-conv.png"));

  write_noise_scene(folder_.path() / "scene.tif", {3, 240, 240});
  const auto summary = nadir_json(
      "map scene.tif --segment scores/segment/conv --band-names B04,B03,B02 "
      "--window-px 120 --stride-px 60 --cell-px 30 --out m");
  const auto& output = summary["outputs"][0];
  ASSERT_EQ(output["bands"].size(), result["classes"].size());
  EXPECT_EQ(output["bands"][0], result["classes"][0]);
  const auto map =
      raster::RasterReader(folder_.path() / "m/probabilities.tif").read();
  ASSERT_EQ(map.num_bands(), 43);
  ASSERT_EQ(map.height(), 8);
  ASSERT_EQ(map.width(), 8);
  for (size_t cell = 0; cell < 64; ++cell) {
    double sum = 0;
    for (int64_t band = 0; band < 43; ++band) {
      sum += map.band<float>(band)[cell];
    }
    EXPECT_NEAR(sum, 1, 1e-4) << cell;
  }
}

TEST_F(Chain, FiguresAreWrittenOnceUnlessAskedFor) {
  const auto run = finished_run().string();
  const auto result = nadir_json("report --figures figures", {run});
  EXPECT_GT(result["figures"].size(), 4U);
  EXPECT_TRUE(has("figures/loss.svg"));
  ProcessOptions options;
  options.folder = folder_.path();
  const auto again =
      run_nadir(words_of("report --figures figures", {run}), options);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.err.find("--overwrite"), std::string::npos) << again.err;
  (void)nadir("report --figures figures --overwrite", {run});
}

TEST_F(Chain, FeaturesAreTheSameInEveryFormat) {
  for (const char* out : {"e.npy", "e.safetensors", "e.parquet"}) {
    const auto embedded = nadir_json(
        "embed --split test --num-workers 1 --out " + std::string(out),
        {"--weights", finished_run().string(), "--data", packed_});
    EXPECT_EQ(embedded["width"], 128);
    EXPECT_TRUE(has(out));
  }
  // Both end with the float32 matrix.
  const auto images = nadir_json("data info", {packed_})["images"]["test"];
  const auto size = images.get<size_t>() * 128 * sizeof(float);
  const std::string npy = bytes("e.npy");
  const std::string safetensors = bytes("e.safetensors");
  EXPECT_EQ(npy.substr(1, 5), "NUMPY");
  ASSERT_GT(npy.size(), size);
  EXPECT_TRUE(
      npy.substr(npy.size() - size) ==
      safetensors.substr(safetensors.size() - size));
}

TEST_F(Chain, FeaturesInFewerBitsAreNearThoseOfFloat32) {
  const auto features = [&](const std::string& precision) {
    const std::string out = precision + ".npy";
    static_cast<void>(nadir(
        "embed --split test --num-workers 1 --out " + out + " --precision " +
            precision,
        {"--weights", finished_run().string(), "--data", packed_}));
    const std::string npy = bytes(out);
    std::vector<float> values(128);  // of the last image
    std::memcpy(
        values.data(), npy.data() + npy.size() - 128 * sizeof(float), 512);
    return values;
  };
  const auto exact = features("fp32");
  for (const char* precision : {"bf16", "int8"}) {
    const auto rounded = features(precision);
    const double dot =
        std::inner_product(exact.begin(), exact.end(), rounded.begin(), 0.0);
    const double sizes =
        std::inner_product(exact.begin(), exact.end(), exact.begin(), 0.0) *
        std::inner_product(
            rounded.begin(), rounded.end(), rounded.begin(), 0.0);
    EXPECT_GT(dot / std::sqrt(sizes), 0.999) << precision;
    EXPECT_NE(exact, rounded) << precision;
  }
}

TEST_F(Chain, PrecisionAutoIsSettledBeforeTheRunBegins) {
  const auto planned = nadir_json(
      "pretrain --dry-run --precision auto --arch vit_nano "
      "--batch-size-per-gpu 4 --out auto",
      {"--data", packed_});
  const std::string precision = planned["config"]["run"]["precision"];
  EXPECT_TRUE(precision == "fp32" || precision == "bf16") << precision;
}

TEST_F(Chain, SearchFindsImagesLikeOthersAndUnlikeOthers) {
  static_cast<void>(nadir(
      "embed --num-workers 1 --out e.parquet",
      {"--weights", finished_run().string(), "--data", packed_}));
  const auto all = nadir_json(
      "search e.parquet --num-results 1000 --class",
      {"Arable land", "--data", packed_});
  ASSERT_GT(all["results"].size(), 5U);
  EXPECT_FALSE(all["results"][0]["labels"].empty());
  const std::string first = all["results"][0]["name"];
  for (const char* method : {"exact", "graph"}) {
    const auto found = nadir_json(
        "search e.parquet --num-results 3 --picture found.png "
        "--out found.parquet --method",
        {method, "--like", first, "--data", packed_});
    ASSERT_EQ(found["results"].size(), 3U);
    EXPECT_GE(
        found["results"][0]["similarity"], found["results"][1]["similarity"]);
    for (const auto& one : found["results"]) {
      EXPECT_NE(one["name"], first);  // it was named
    }
    EXPECT_EQ(bytes("found.png").substr(1, 3), "PNG");
    EXPECT_TRUE(has("found.parquet"));
  }
  EXPECT_TRUE(has("e.parquet.graph.json"));
}

TEST_F(Chain, SearchFindsImagesLikeAWindowOfAScene) {
  const auto weights = finished_run().string();
  static_cast<void>(nadir(
      "embed --num-workers 1 --out w.parquet",
      {"--weights", weights, "--data", packed_}));
  // A scene of one patch: the window of all of it is that image.
  data::DatasetOptions source;
  source.data = packed_;
  source.bands = {
      "B01",
      "B02",
      "B03",
      "B04",
      "B05",
      "B06",
      "B07",
      "B08",
      "B8A",
      "B09",
      "B11",
      "B12"};  // as products do
  const auto dataset = data::open_dataset(source);
  const std::string name = dataset->name(7);
  const std::string scene = (folder_.path() / "scene.tif").string();
  raster::write_geotiff(scene, dataset->read(7), {});
  const auto found = nadir_json(
      "search w.parquet --num-results 1 --out found.geojson --window", {scene});
  EXPECT_EQ(found["results"][0]["name"], name);
  EXPECT_GT(found["results"][0]["similarity"], 0.999);
  EXPECT_NE(
      bytes("found.geojson").find("FeatureCollection"), std::string::npos);
  EXPECT_NE(bytes("found.geojson").find(name), std::string::npos);
  EXPECT_EQ(
      nadir_json(
          "search w.parquet --num-results 1 --window",
          {scene + "@0,0,120,120"})["results"][0]["name"],
      name);
}

TEST_F(Chain, AtlasPlacesImagesAndDrawsThem) {
  static_cast<void>(nadir(
      "embed --num-workers 1 --out a.parquet",
      {"--weights", finished_run().string(), "--data", packed_}));
  const auto pca = nadir_json("atlas a.parquet --out pca.parquet", {});
  EXPECT_EQ(pca["method"], "pca");
  EXPECT_GT(pca["explained"][0], 0);
  EXPECT_TRUE(has("pca.parquet"));
  for (const char* colour : {"class", "split", "country", "season"}) {
    const auto umap = nadir_json(
        "atlas a.parquet --method umap --epochs 20 --out umap.parquet "
        "--picture umap.png --colour",
        {colour, "--data", packed_});
    EXPECT_EQ(umap["epochs"], 20);
    EXPECT_EQ(bytes("umap.png").substr(1, 3), "PNG");
  }
}

TEST_F(Chain, ViewDrawsAttentionPatchesAndViews) {
  const auto drawn = nadir_json(
      "view --views --num-images 2 --image-size 32 --global-crop-size 32 "
      "--local-crop-size 16 --out pics",
      {"--weights", finished_run().string(), "--data", packed_});
  EXPECT_EQ(
      drawn["pictures"],
      json(
          {"pics/attention.png",
           "pics/masks.png",
           "pics/components.png",
           "pics/views.png"}));
  for (const auto& picture : drawn["pictures"]) {
    EXPECT_EQ(bytes(picture.get<std::string>()).substr(1, 3), "PNG");
  }
}

TEST_F(Chain, ExportedWeightsComeBackUnchanged) {
  const std::string run = finished_run().string();
  for (const char* format : {"dino-pth", "dino-full-pth"}) {
    const std::string name = format;
    static_cast<void>(nadir(
        "export --out " + name + ".pth --format " + name, {"--weights", run}));
    const auto imported = nadir_json(
        "import " + name + ".pth --image-size 32 --out " + name +
        " --bands B04,B03,B02 --normalization rgb2000");
    EXPECT_TRUE(imported["report"]["missing"].empty()) << imported;
    static_cast<void>(nadir(
        "embed --split test --num-workers 1 --out " + name + ".npy --weights " +
            name,
        {"--data", packed_}));
  }
  const auto timm = nadir_json(
      "export --out timm.safetensors --format timm", {"--weights", run});
  EXPECT_NE(
      timm["python"].get<std::string>().find("timm.create_model("),
      std::string::npos);
  static_cast<void>(nadir(
      "embed --split test --num-workers 1 --out run.npy",
      {"--weights", run, "--data", packed_}));
  EXPECT_TRUE(bytes("dino-pth.npy") == bytes("run.npy"));
  EXPECT_TRUE(bytes("dino-full-pth.npy") == bytes("run.npy"));
}

TEST_F(Chain, OtherRunsStartFromWeights) {
  const auto result = nadir_json(
      "pretrain --out next --stop-after-steps 1 --bands B02,B03,B04,B08 "
      "--normalization zscore",
      {"--recipe",
       tiny_recipe().string(),
       "--init-weights",
       finished_run().string()});
  EXPECT_EQ(result["steps"], 1);
  EXPECT_EQ(
      read_json(
          folder_.path() /
          "next/checkpoints/step-00000001/meta.json")["weights"]["in_channels"],
      4);
}

TEST_F(Chain, AReportIsOnePageThatNeedsNoNetwork) {
  static_cast<void>(nadir(
      "eval knn --k 5 --bootstrap 0 --num-workers 1 --out a/eval",
      {"--weights", finished_run().string(), "--data", packed_}));
  for (const char* file : {"metrics.jsonl", "status.json", "config.toml"}) {
    fs::copy(finished_run() / file, folder_.path() / "a" / file);
  }
  const auto result =
      nadir_json("report a --out page.html", {finished_run().string()});
  ASSERT_EQ(result["runs"].size(), 2U);
  EXPECT_EQ(result["report"], "page.html");
  const std::string page = bytes("page.html");
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("image statistics"), std::string::npos);
  for (const char* link :
       {"src=\"http", "href=\"http", "@import", "url(http"}) {
    EXPECT_EQ(page.find(link), std::string::npos) << link;
  }
}

TEST_F(Chain, DoctorKnowsTheMachine) {
  const auto outcome = nadir("doctor --json");
  const auto findings = outcome.json();
  ASSERT_TRUE(findings.is_array()) << outcome.text();
  for (const auto& finding : findings) {
    expect_keys(finding, {"name", "value", "advice"});
  }
  const auto text = nadir("doctor").out;
  for (const char* name :
       {"nadir", "processor", "memory", "disk here", "LibTorch", "GDAL"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

TEST_F(Chain, DoctorFindsKeysAndShowsNoSecret) {
  ProcessOptions options;
  options.variables = {
      {"AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"},
      {"AWS_SECRET_ACCESS_KEY", "hush-secret"},
      {"AWS_SESSION_TOKEN", "hush-token"},
      {"AWS_REGION", "eu-central-1"}};
  const auto outcome = run_nadir(words_of("doctor"), options);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  for (const char* part :
       {"AWS keys", "****************MPLE, the environment", "eu-central-1"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.text();
  }
  EXPECT_EQ(outcome.text().find("hush"), std::string::npos) << outcome.text();
}

TEST_F(Chain, TheCompletionScriptKnowsCommandsAndFlags) {
  const auto script = nadir("completion bash").out;
  for (const char* word : {"pretrain", "knn", "--teacher-temp", "subset"}) {
    EXPECT_NE(script.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace nadir::cli
