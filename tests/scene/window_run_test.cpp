#include "scene/window_run.h"

#include <csignal>
#include <limits>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "eval/prediction.h"
#include "scene/scene_files.h"
#include "support/shared_data.h"

namespace nadir::scene {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kWindow = 20;

WindowPlan run_plan(const Scene& scene, int64_t stride) {
  return {
      Axis(scene.info().height, kWindow, stride, stride),
      Axis(scene.info().width, kWindow, stride, stride)};
}

Scene open_scene(const std::string& path, const std::string& nodata = "") {
  SceneOptions options;
  options.path = path;
  options.nodata = nodata;
  return Scene(options);
}

eval::ViewRecipe run_views() {
  return tiny_probe(eval::tiny_network()).views;
}

// Calls another model, and what is to happen before its n-th call.
class InterruptedModel : public WindowModel {
 public:
  InterruptedModel(
      const WindowModel& model, int call, std::function<void()> act)
      : model_(model), call_(call), act_(std::move(act)) {}

  [[nodiscard]] const std::vector<WindowField>& fields() const override {
    return model_.fields();
  }

  [[nodiscard]] std::vector<at::Tensor> forward(
      const at::Tensor& views_BCSS) const override {
    if (++num_calls_ == call_) {
      act_();
    }
    return model_.forward(views_BCSS);
  }

 private:
  const WindowModel& model_;
  int call_;
  std::function<void()> act_;
  mutable int num_calls_ = 0;
};

class WindowRun : public testing::Test {
 protected:
  void run(
      const Scene& scene,
      const WindowPlan& plan,
      const WindowModel& model,
      const std::string& folder,
      double min_valid_share = 0.5,
      std::optional<WindowRange> range = std::nullopt) const {
    WindowRunOptions options;
    options.batch_size = 8;
    options.num_threads = 3;
    options.min_valid_share = min_valid_share;
    run_windows(
        scene,
        plan,
        range.value_or(WindowRange{0, plan.num_windows()}),
        model,
        run_views(),
        options,
        folder_.path() / folder,
        "testing");
  }

  [[nodiscard]] WindowReader reader(
      const WindowPlan& plan,
      const WindowModel& model,
      const std::string& folder) const {
    return {
        plan,
        model.fields(),
        {{folder_.path() / folder, {0, plan.num_windows()}}}};
  }

  // The windows of a scene a window apart, as files of their own, give the
  // same.
  void expect_numbers_of_predict(const Scene& scene) const {
    const auto plan = run_plan(scene, kWindow);
    const auto frozen = eval::tiny_network();
    auto probe = tiny_probe(frozen);
    auto& normalization = probe.views.normalization;
    normalization.bands = scene.bands();
    if (scene.info().type == raster::PixelType::kUint16) {
      normalization.high = {3000, 3000, 3000};
    }
    const auto layout = probe.layout;
    const auto columns = layout.columns(1, false);
    const FrozenModel model(frozen, probe, layout, columns);
    WindowRunOptions options;
    options.batch_size = 8;
    run_windows(
        scene,
        plan,
        {0, plan.num_windows()},
        model,
        probe.views,
        options,
        folder_.path() / "windows",
        "testing");
    make_folder(folder_.path() / "files");
    const raster::RasterReader pixels(scene.path());
    for (int64_t window = 0; window < plan.num_windows(); ++window) {
      write_scene(
          folder_.path() / "files" / fmt::format("w{:05}.tif", window),
          pixels.read_window(
              plan.rows.start(plan.row_of(window)),
              plan.cols.start(plan.col_of(window)),
              kWindow,
              kWindow,
              scene.places()));
    }
    data::DatasetOptions source;
    source.data = (folder_.path() / "files").string();
    auto images = eval::unlabelled_images(data::open_dataset(source), "", 0);
    probe.views.normalization.bands = images.dataset->bands();
    const auto windows = reader(plan, model, "windows");
    expect_equal(
        windows.values(windows.field(kProbabilities), {0, plan.num_windows()}),
        eval::predict(probe, frozen, images, 8, 1).probability_NC);
    const auto features_NF = eval::extract_features(
        images,
        probe.views,
        eval::network_extractor(*frozen.network, layout, at::kCPU),
        8,
        1,
        "t");
    expect_equal(
        windows.values(windows.field(kEmbedding), {0, plan.num_windows()}),
        features_NF.narrow(1, columns.begin, columns.width).contiguous());
  }

  static void expect_equal(
      const std::vector<float>& values, const at::Tensor& wanted) {
    ASSERT_EQ(static_cast<int64_t>(values.size()), wanted.numel());
    for (int64_t i = 0; i < wanted.numel(); ++i) {
      ASSERT_EQ(values[i], wanted.const_data_ptr<float>()[i]) << i;
    }
    // Not all the same, and finite.
    EXPECT_GT(wanted.std(0).min().item<float>(), 0);
  }

  // All files of two folders are the same.
  void expect_same_files(const std::string& a, const std::string& b) const {
    for (const char* file :
         {"probabilities.f32", "embedding.f32", "windows.u8", "cells.u8"}) {
      EXPECT_TRUE(
          read_file(folder_.path() / a / file) ==
          read_file(folder_.path() / b / file))
          << file;
    }
  }

  const TemporaryFolder folder_;
};

TEST_F(WindowRun, GivesTheNumbersOfPredictAndEmbedToTheBit) {
  SceneOptions options;
  options.path = write_scene(folder_.path() / "s.tif", noise_image(97, 131));
  const Scene scene(options);
  EXPECT_EQ(run_plan(scene, kWindow).num_windows(), 5 * 7);
  expect_numbers_of_predict(scene);
}

TEST_F(WindowRun, GivesTheNumbersOfPredictOnRealPixels) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  for (const auto& entry :
       fs::recursive_directory_iterator(shared_data() / "EuroSAT_MS_sample")) {
    if (entry.path().extension() == ".tif") {
      SceneOptions options;
      options.path = entry.path().string();
      options.bands = {"B04", "B03", "B02"};
      expect_numbers_of_predict(Scene(options));
      break;
    }
  }
}

TEST_F(WindowRun, GoesOnAfterASignalWithTheSameBits) {
  const auto scene =
      open_scene(write_scene(folder_.path() / "s.tif", noise_image(90, 110)));
  const auto plan = run_plan(scene, 10);
  const auto model = tiny_model();
  run(scene, plan, model, "straight");
  catch_signals();
  const InterruptedModel stopped(model, 4, [] { std::raise(SIGTERM); });
  std::string message;
  try {
    run(scene, plan, stopped, "stopped");
  } catch (const Stopped& error) {
    message = error.what();
  }
  forget_signal();
  std::signal(SIGTERM, SIG_DFL);
  EXPECT_NE(message.find("24 of 80 windows"), std::string::npos) << message;
  EXPECT_EQ(fs::file_size(folder_.path() / "stopped" / "windows.u8"), 24U);
  run(scene, plan, model, "stopped");
  expect_same_files("straight", "stopped");
}

// Killed without a word, a run leaves more in its files than its progress says.
TEST_F(WindowRun, GoesOnFromWhatWasSavedAfterAKill) {
  const auto scene =
      open_scene(write_scene(folder_.path() / "s.tif", noise_image(90, 110)));
  const auto plan = run_plan(scene, 10);
  const auto model = tiny_model();
  run(scene, plan, model, "straight");
  fs::copy(folder_.path() / "straight", folder_.path() / "killed");
  write_file(folder_.path() / "killed" / "progress.json", "{\"done\": 16}");
  const InterruptedModel counted(
      model, 9, [] { FAIL() << "more batches than were missing"; });
  run(scene, plan, counted, "killed");
  expect_same_files("straight", "killed");
}

TEST_F(WindowRun, RefusesFilesThatAreShorterThanTheirProgress) {
  const auto scene =
      open_scene(write_scene(folder_.path() / "s.tif", noise_image(90, 110)));
  const auto plan = run_plan(scene, 10);
  const auto model = tiny_model();
  run(scene, plan, model, "a");
  fs::resize_file(folder_.path() / "a" / "embedding.f32", 100);
  EXPECT_THROW(run(scene, plan, model, "a"), Error);
}

TEST_F(WindowRun, PartsAreTheWholeToTheBit) {
  const auto scene =
      open_scene(write_scene(folder_.path() / "s.tif", noise_image(90, 110)));
  const auto plan = run_plan(scene, 10);
  const auto model = tiny_model();
  run(scene, plan, model, "whole");
  std::vector<WindowReader::Source> sources;
  for (int64_t part = 1; part <= 3; ++part) {
    const auto own = eval::batches_of(plan.num_windows(), 8, {part, 3});
    const std::string folder = fmt::format("part{}", part);
    run(scene, plan, model, folder, 0.5, WindowRange{own.begin, own.end});
    sources.push_back({folder_.path() / folder, {own.begin, own.end}});
  }
  const WindowReader parts(plan, model.fields(), sources);
  const auto whole = reader(plan, model, "whole");
  for (size_t field = 0; field < 2; ++field) {
    EXPECT_TRUE(parts.values(field, {0, 80}) == whole.values(field, {0, 80}));
  }
  for (int64_t row = 0; row < plan.rows.num_windows(); ++row) {
    EXPECT_TRUE(parts.own_cells(row) == whole.own_cells(row));
  }
}

TEST_F(WindowRun, SkipsWindowsWithoutEnoughValidPixels) {
  auto image = noise_image(40, 60);
  set_pixels(image, 0, 0, 20, 20, 0);   // window 0 wholly
  set_pixels(image, 0, 20, 11, 20, 0);  // 55 % of window 1
  set_pixels(image, 0, 40, 10, 20, 0);  // 50 % of window 2
  const auto scene =
      open_scene(write_scene(folder_.path() / "s.tif", image), "0");
  const auto plan = run_plan(scene, 20);
  const auto model = tiny_model();
  run(scene, plan, model, "half");
  using States = std::vector<uint8_t>;
  EXPECT_EQ(
      reader(plan, model, "half").states({0, 6}), (States{0, 0, 1, 1, 1, 1}));
  run(scene, plan, model, "all", 1.0);
  EXPECT_EQ(
      reader(plan, model, "all").states({0, 6}), (States{0, 0, 0, 1, 1, 1}));
  // A window without any valid pixel is never looked at.
  run(scene, plan, model, "any", 0.0);
  EXPECT_EQ(
      reader(plan, model, "any").states({0, 6}), (States{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(reader(plan, model, "any").own_cells(0), (States{0, 1, 1}));
  EXPECT_EQ(reader(plan, model, "any").own_cells(1), (States{1, 1, 1}));
}

TEST_F(WindowRun, GivesInvalidPixelsTheMeanOfTheValidOnes) {
  auto image = noise_image(20, 20);
  set_pixels(image, 0, 0, 10, 20, 0);
  const auto holed =
      open_scene(write_scene(folder_.path() / "holed.tif", image), "0");
  for (int64_t band = 0; band < 3; ++band) {
    const auto pixels = image.band<uint8_t>(band);
    double sum = 0;
    for (size_t i = 200; i < 400; ++i) {
      sum += pixels[i];
    }
    std::fill(
        pixels.begin(),
        pixels.begin() + 200,
        static_cast<uint8_t>(std::lround(sum / 200)));
  }
  const auto filled =
      open_scene(write_scene(folder_.path() / "filled.tif", image));
  const auto plan = run_plan(holed, 20);
  const auto model = tiny_model();
  run(holed, plan, model, "holed");
  run(filled, plan, model, "filled");
  EXPECT_TRUE(
      reader(plan, model, "holed").values(0, {0, 1}) ==
      reader(plan, model, "filled").values(0, {0, 1}));
}

// 1.2 GB of pixels, of which a few strips are held at a time.
TEST_F(WindowRun, HoldsAFewStripsOfALargeScene) {
  class MeanModel : public WindowModel {
   public:
    [[nodiscard]] const std::vector<WindowField>& fields() const override {
      return fields_;
    }

    [[nodiscard]] std::vector<at::Tensor> forward(
        const at::Tensor& views_BCSS) const override {
      return {views_BCSS.mean({1, 2, 3}).view({-1, 1, 1, 1})};
    }

   private:
    std::vector<WindowField> fields_ = {{"mean", 1, 1}};
  };

  constexpr int64_t kSize = 20000;
  constexpr int64_t kLargeWindow = 500;
  const auto inner = write_scene(folder_.path() / "s.tif", noise_image(9, 9));
  std::string vrt =
      fmt::format("<VRTDataset rasterXSize='{0}' rasterYSize='{0}'>", kSize);
  for (int band = 1; band <= 3; ++band) {
    vrt += fmt::format(
        "<VRTRasterBand dataType='Byte' band='{0}'><SimpleSource>"
        "<SourceFilename>{1}</SourceFilename><SourceBand>{0}</SourceBand>"
        "<DstRect xOff='0' yOff='0' xSize='{2}' ySize='{2}'/></SimpleSource>"
        "</VRTRasterBand>",
        band,
        inner,
        kSize);
  }
  write_file(folder_.path() / "large.vrt", vrt + "</VRTDataset>");
  const auto scene = open_scene((folder_.path() / "large.vrt").string());
  const auto axis = [] {
    return Axis(kSize, kLargeWindow, kLargeWindow, kLargeWindow);
  };
  const WindowPlan plan = {axis(), axis()};
  const MeanModel model;
  const auto peak_bytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return int64_t{usage.ru_maxrss} * 1024;
  };
  const int64_t before = peak_bytes();
  run(scene, plan, model, "large");
  // Strips of 30 MB, batches, and what libraries take at their first use.
  EXPECT_LT(peak_bytes() - before, kSize * kSize * 3 / 3);
  EXPECT_EQ(reader(plan, model, "large").states({0, 1600})[1599], 1);
}

TEST_F(WindowRun, NotesWindowsOfWhichTheNetworkSaysNothingFinite) {
  class InfiniteModel : public WindowModel {
   public:
    [[nodiscard]] const std::vector<WindowField>& fields() const override {
      return fields_;
    }

    [[nodiscard]] std::vector<at::Tensor> forward(
        const at::Tensor& views) const override {
      auto values = at::ones({views.size(0), 1, 1, 1});
      values[0] = std::numeric_limits<float>::infinity();
      return {values};
    }

   private:
    std::vector<WindowField> fields_ = {{"one", 1, 1}};
  };

  const auto scene =
      open_scene(write_scene(folder_.path() / "s.tif", noise_image(20, 60)));
  const auto plan = run_plan(scene, 20);
  const InfiniteModel model;
  run(scene, plan, model, "a");
  EXPECT_EQ(
      reader(plan, model, "a").states({0, 3}), (std::vector<uint8_t>{2, 1, 1}));
}

}  // namespace
}  // namespace nadir::scene
