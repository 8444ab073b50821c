// Seeded runs give the losses of the files beside this one: a change that is
// not meant to move numbers must not move these. One that is meant to writes
// them anew, and its commit shows the difference:
//
//   NADIR_WRITE_GOLDEN=1 build/release/tests/golden/nadir_golden_test
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "core/file.h"
#include "train/tiny_training.h"

namespace nadir::train {
namespace {

namespace fs = std::filesystem;

using Losses = std::vector<std::pair<int64_t, double>>;

// Relative. Vector widths, fused multiply-adds and thread counts order float32
// sums differently, and training carries the differences on. Ten times the
// largest difference seen (2.7e-6) over LibTorch's, oneDNN's and MKL's scalar
// or SSE, AVX2 and AVX-512 code, with one and two threads; AMX has no float32.
constexpr double kTolerance = 3e-5;

fs::path golden_file(const std::string& name) {
  return fs::path(NADIR_GOLDEN_FOLDER) / (name + ".txt");
}

Losses read_losses(const fs::path& path) {
  std::istringstream text(read_file(path));
  Losses losses;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("#")) {
      continue;
    }
    std::istringstream fields(line);
    int64_t step = 0;
    double loss = 0;
    if (!(fields >> step >> loss)) {
      fail(ErrorCode::kCorruptData, "{}: '{}'", path.string(), line);
    }
    losses.emplace_back(step, loss);
  }
  return losses;
}

void write_losses(
    const fs::path& path, const std::string& what, const Losses& losses) {
  std::string text = "# " + what + "\n# step loss\n";
  for (const auto& [step, loss] : losses) {
    text += fmt::format("{} {:.8f}\n", step, loss);
  }
  write_file(path, text);
}

void check_losses(
    const std::string& name, const std::string& what, const Losses& losses) {
  const auto path = golden_file(name);
  if (std::getenv("NADIR_WRITE_GOLDEN") != nullptr) {
    write_losses(path, what, losses);
    GTEST_SKIP() << "wrote " << path;
  }
  const auto golden = read_losses(path);
  ASSERT_EQ(losses.size(), golden.size());
  double largest = 0;
  for (size_t i = 0; i < losses.size(); ++i) {
    EXPECT_EQ(losses[i].first, golden[i].first);
    EXPECT_NEAR(
        losses[i].second, golden[i].second, kTolerance * golden[i].second)
        << "step " << losses[i].first;
    largest = std::max(
        largest,
        std::abs(losses[i].second - golden[i].second) / golden[i].second);
  }
  testing::Test::RecordProperty(
      "largest_difference", fmt::format("{:.1e}", largest));
}

// 8-bit colour: photometric changes, local views, accumulation, AdamW.
TEST(GoldenLosses, OfColourTilesInManyViews) {
  auto config = tiny_config();
  config.optim.accumulate = 2;
  config.optim.epochs = 6;
  config.views.local_crops_number = 3;
  TinyTraining training(config, std::make_shared<TileDataset>(35));
  static_cast<void>(training.start());
  check_losses(
      "colour_views",
      "vit_nano/8, 35 tiles of 3 bands, 2 + 3 views, batch 4 x 2, adamw",
      training.losses());
}

// Float bands, trained magnitudes, SGD, global views alone.
TEST(GoldenLosses, OfTilesOfTwelveBands) {
  auto config = tiny_config();
  config.optim.optimizer = "sgd";
  config.optim.lr = 2;
  config.optim.epochs = 6;
  config.head.norm_last_layer = false;
  config.views.local_crops_number = 0;
  TinyTraining training(config, std::make_shared<TileDataset>(17, 12));
  static_cast<void>(training.start());
  check_losses(
      "twelve_bands",
      "vit_nano/8, 17 tiles of 12 bands, 2 views, batch 4, sgd",
      training.losses());
}

}  // namespace
}  // namespace nadir::train
