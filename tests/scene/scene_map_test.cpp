#include "scene/scene_map.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::scene {
namespace {

MapConfig map_config() {
  MapConfig config;
  config.scene = "scene.tif";
  config.probe = "probe";
  config.window_px = 64;
  return config;
}

// Asked before anything is opened.
void expect_refused(const MapConfig& config, const std::string& why) {
  try {
    const SceneMap map(config);
    FAIL() << "not refused: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find(why), std::string::npos)
        << error.what();
  }
}

TEST(SceneMap, SaysWhatIsWrongWithAConfiguration) {
  auto config = map_config();
  config.probe = "";
  expect_refused(config, "say what to map");
  config = map_config();
  config.window_px = 0;
  expect_refused(config, "--window-px");
  config = map_config();
  config.stride_px = 65;
  expect_refused(config, "stride_px must be");
  config = map_config();
  config.min_valid = 1.5;
  expect_refused(config, "min_valid");
  config = map_config();
  config.blend = "soft";
  expect_refused(config, "'soft'");
  config = map_config();
  config.embeddings = -1;
  expect_refused(config, "embeddings must be >= 0");
  config = map_config();
  config.batch_size = 0;
  expect_refused(config, "batch_size");
  config = map_config();
  config.blocks = 0;
  expect_refused(config, "blocks");
  config = map_config();
  config.normalization = "rgb2000";
  expect_refused(config, "leave out");
  config = map_config();
  config.bands = {"B04"};
  expect_refused(config, "leave out");
}

}  // namespace
}  // namespace nadir::scene
