#include "scene/map_output.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "scene/map_picture.h"
#include "scene/scene_files.h"
#include "scene/window_run.h"

namespace nadir::scene {
namespace {

constexpr int64_t kSide = 20;

class MapOutputTest : public testing::Test {
 protected:
  // The windows of a scene, all of its pixels valid but zeros.
  [[nodiscard]] WindowReader windows_of(
      const raster::Image& image, const std::string& name) {
    SceneOptions options;
    options.path = write_scene(folder_.path() / (name + ".tif"), image);
    options.nodata = "0";
    const Scene scene(options);
    WindowRunOptions run;
    run.batch_size = 8;
    run.num_threads = 1;
    run_windows(
        scene,
        plan_,
        {0, plan_.num_windows()},
        model_,
        tiny_probe(eval::tiny_network()).views,
        run,
        folder_.path() / name,
        "testing");
    return {
        plan_,
        model_.fields(),
        {{folder_.path() / name, {0, plan_.num_windows()}}}};
  }

  int64_t write(const MapOutput& output) const {
    return write_map(
        output,
        plan_,
        Blend::kCosine,
        utm_grid(),
        {{"NADIR_SCENE", "s.tif"}},
        folder_.path());
  }

  [[nodiscard]] raster::Image read(const std::string& file) const {
    return raster::RasterReader(folder_.path() / file).read();
  }

  const TemporaryFolder folder_;
  const WindowPlan plan_ = {Axis(90, kSide, 10, 10), Axis(115, kSide, 10, 10)};
  const FrozenModel model_ = tiny_model();
  const std::vector<std::string> classes_ = {
      "water", "forest", "field, or not"};
};

TEST_F(MapOutputTest, ProbabilitiesLieOnTheScenesGridWithABandAClass) {
  const auto windows = windows_of(noise_image(90, 115), "a");
  EXPECT_EQ(write(probability_output(windows, classes_)), 9 * 12);
  const raster::RasterReader map(folder_.path() / "probabilities.tif");
  EXPECT_EQ(map.info().height, 9);
  EXPECT_EQ(map.info().width, 12);
  EXPECT_EQ(map.info().band_names, classes_);
  EXPECT_NE(map.info().georeference.crs.find("33N"), std::string::npos);
  EXPECT_EQ(
      map.info().georeference.transform,
      (std::array<double, 6>{404400, 100, 0, 5342400, 0, -100}));
  ASSERT_TRUE(map.info().nodata.has_value());
  EXPECT_TRUE(std::isnan(*map.info().nodata));
  // The first cell has one window, the second is the mean of two.
  const auto image = map.read();
  const auto values = windows.values(0, {0, 2});
  EXPECT_EQ(image.band<float>(1)[0], values[1]);
  EXPECT_NEAR(image.band<float>(1)[1], 0.5 * (values[1] + values[3 + 1]), 1e-6);
}

TEST_F(MapOutputTest, CellsWithoutDataStayWithoutData) {
  auto image = noise_image(90, 115);
  set_pixels(image, 0, 0, 90, 35, 0);
  const auto windows = windows_of(image, "a");
  write(probability_output(windows, classes_));
  const auto map = read("probabilities.tif");
  for (int64_t band = 0; band < 3; ++band) {
    for (int64_t row = 0; row < 9; ++row) {
      for (int64_t col = 0; col < 12; ++col) {
        // The scene's data begin in the middle of column 3, of which half is
        // enough for the window from column 3 on.
        EXPECT_EQ(std::isnan(map.band<float>(band)[row * 12 + col]), col < 3)
            << row << " " << col;
      }
    }
  }
}

TEST_F(MapOutputTest, ASceneHasNotChangedToItself) {
  const auto first = windows_of(noise_image(90, 115), "a");
  const auto second = windows_of(noise_image(90, 115), "b");
  EXPECT_EQ(write(change_output(first, second, classes_)), 9 * 12);
  const auto map = read("change.tif");
  ASSERT_EQ(map.num_bands(), 4);
  for (int64_t band = 0; band < 4; ++band) {
    for (const float value : map.band<float>(band)) {
      EXPECT_EQ(value, 0);
    }
  }
}

TEST_F(MapOutputTest, ChangeIsWhereTheDatesDiffer) {
  auto image = noise_image(90, 115);
  const auto first = windows_of(image, "a");
  set_pixels(image, 0, 0, 20, 20, 200);
  set_pixels(image, 70, 90, 20, 25, 0);
  const auto second = windows_of(image, "b");
  write(change_output(first, second, classes_));
  const auto map = read("change.tif");
  EXPECT_EQ(
      raster::read_raster_info(folder_.path() / "change.tif").band_names,
      (std::vector<std::string>{
          "change",
          "rise of water",
          "rise of forest",
          "rise of field, or not"}));
  const auto change = map.band<float>(0);
  EXPECT_GT(change[0], 0.001);
  EXPECT_EQ(change[5 * 12 + 5], 0);
  EXPECT_TRUE(std::isnan(change[8 * 12 + 11]));
  // 1 - cosine of the embeddings of the first window.
  const auto a = at::tensor(first.values(1, {0, 1})).to(at::kDouble);
  const auto b = at::tensor(second.values(1, {0, 1})).to(at::kDouble);
  const double cosine = (a.dot(b) / (a.norm() * b.norm())).item<double>();
  EXPECT_NEAR(change[0], 1 - cosine, 1e-6);
  EXPECT_NEAR(
      map.band<float>(2)[0],
      second.values(0, {0, 1})[1] - first.values(0, {0, 1})[1],
      1e-7);
}

TEST_F(MapOutputTest, ComponentsAreThoseOfTheEmbeddings) {
  const auto windows = windows_of(noise_image(90, 115), "a");
  const auto components = fit_components(windows, 3, 1000, 0);
  // Singular values of the centred embeddings, by another way.
  const auto all = windows.values(1, {0, plan_.num_windows()});
  const auto rows =
      at::tensor(all).view({plan_.num_windows(), -1}).to(at::kDouble);
  const auto centred = rows - rows.mean(0);
  const auto singular =
      std::get<1>(at::linalg_svd(centred, /*full_matrices=*/false));
  const auto variance =
      singular.square() / static_cast<double>(plan_.num_windows() - 1);
  for (int64_t n = 0; n < 3; ++n) {
    EXPECT_NEAR(
        components.variance_N[n].item<double>(),
        variance[n].item<double>(),
        1e-5 * variance[0].item<double>());
  }
  EXPECT_NEAR(
      components.total_variance,
      variance.sum().item<double>(),
      1e-6 * components.total_variance);
  const auto products = components.direction_NF.mm(components.direction_NF.t());
  EXPECT_LT((products - at::eye(3)).abs().max().item<float>(), 1e-5);
  for (int64_t n = 0; n < 3; ++n) {
    const auto direction = components.direction_NF[n];
    EXPECT_GT(
        direction[direction.abs().argmax().item<int64_t>()].item<float>(), 0);
  }
  // Scores have the variances they should.
  const auto scores = at::tensor(project(components, all)).view({-1, 3});
  for (int64_t n = 0; n < 3; ++n) {
    EXPECT_NEAR(
        scores.select(1, n).var().item<double>(),
        components.variance_N[n].item<double>(),
        1e-4 * components.variance_N[0].item<double>());
  }
  EXPECT_EQ(write(component_output(windows, components)), 9 * 12);
  EXPECT_EQ(read("embeddings.tif").num_bands(), 3);
}

TEST_F(MapOutputTest, ComponentsAreKeptForOtherScenes) {
  const auto windows = windows_of(noise_image(90, 115), "a");
  auto components = fit_components(windows, 2, 30, 5);
  components.weights_sha256 = "0123";
  components.features = "cls of 1 block";
  const auto path = folder_.path() / "components.safetensors";
  save_components(components, path);
  const auto loaded = load_components(path);
  EXPECT_TRUE(at::equal(loaded.mean_F, components.mean_F));
  EXPECT_TRUE(at::equal(loaded.direction_NF, components.direction_NF));
  EXPECT_TRUE(at::equal(loaded.variance_N, components.variance_N));
  EXPECT_EQ(loaded.total_variance, components.total_variance);
  EXPECT_EQ(loaded.weights_sha256, "0123");
  EXPECT_EQ(loaded.features, "cls of 1 block");
  // The same sample, the same components.
  EXPECT_TRUE(at::equal(
      fit_components(windows, 2, 30, 5).direction_NF, components.direction_NF));
  EXPECT_FALSE(at::equal(
      fit_components(windows, 2, 30, 6).direction_NF, components.direction_NF));
}

TEST_F(MapOutputTest, RefusesMoreComponentsThanThereAreWindows) {
  const auto windows = windows_of(noise_image(90, 115), "a");
  EXPECT_THROW((void)fit_components(windows, 20, 10, 0), Error);
  EXPECT_THROW((void)fit_components(windows, 100000, 1000, 0), Error);
}

// A head that says something of each quarter of a window.
TEST_F(MapOutputTest, MapsThePartsOfWindows) {
  class QuarterModel : public WindowModel {
   public:
    [[nodiscard]] const std::vector<WindowField>& fields() const override {
      return fields_;
    }

    // The mean of each quarter of the view, and one embedding.
    [[nodiscard]] std::vector<at::Tensor> forward(
        const at::Tensor& views_BCSS) const override {
      const auto mean_BCPP = at::adaptive_avg_pool2d(views_BCSS, {2, 2});
      return {
          mean_BCPP.narrow(1, 0, 2).contiguous(),
          mean_BCPP.mean({2, 3}, true).contiguous()};
    }

   private:
    std::vector<WindowField> fields_ = {
        {kProbabilities, 2, 2}, {kEmbedding, 3, 1}};
  };

  const auto image = noise_image(90, 120);
  SceneOptions options;
  options.path = write_scene(folder_.path() / "quarters.tif", image);
  const Scene scene(options);
  const WindowPlan plan = {
      Axis(90, kSide, kSide, kSide / 2), Axis(120, kSide, kSide, kSide / 2)};
  const QuarterModel model;
  auto views = tiny_probe(eval::tiny_network()).views;
  views.resize_px = 0;  // the whole window
  run_windows(
      scene,
      plan,
      {0, plan.num_windows()},
      model,
      views,
      {},
      folder_.path() / "quarters",
      "testing");
  const WindowReader windows(
      plan,
      model.fields(),
      {{folder_.path() / "quarters", {0, plan.num_windows()}}});
  const auto output = probability_output(windows, {"red", "green"});
  EXPECT_EQ(
      write_map(output, plan, Blend::kCosine, utm_grid(), {}, folder_.path()),
      9 * 12);
  const raster::RasterReader map(folder_.path() / kProbabilitiesFile);
  EXPECT_EQ(map.info().georeference.transform[1], 100);
  // Window 7 is in row 1 and column 1: its lower left quarter.
  const auto values = windows.values(0, {7, 8});
  const auto cells = map.read();
  EXPECT_EQ(cells.band<float>(1)[3 * 12 + 2], values[4 + 2]);
  // Change of parts, by themselves.
  write_map(
      change_output(windows, windows, {"red", "green"}),
      plan,
      Blend::kCosine,
      utm_grid(),
      {},
      folder_.path());
  EXPECT_EQ(read(kChangeFile).band<float>(2)[50], 0);
}

TEST_F(MapOutputTest, AreDrawnBesideTheScene) {
  auto image = noise_image(90, 115);
  set_pixels(image, 0, 0, 90, 40, 0);
  const auto windows = windows_of(image, "a");
  write(probability_output(windows, classes_));
  SceneOptions options;
  options.path = (folder_.path() / "a.tif").string();
  const auto picture =
      map_picture(Scene(options), classes_, folder_.path(), 240);
  EXPECT_GE(picture.width(), 2 * 240);
  EXPECT_GE(picture.height(), 240 * 90 / 115);
  // Beside the scene, cells without data are grey and others are not.
  const auto red = picture.band<uint8_t>(0);
  std::set<uint8_t> colours;
  for (int64_t col = 250; col < 480; ++col) {
    colours.insert(red[100 * picture.width() + col]);
  }
  EXPECT_TRUE(colours.contains(225));
  EXPECT_GE(colours.size(), 2U);
}

}  // namespace
}  // namespace nadir::scene
