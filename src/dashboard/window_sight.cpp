#include "dashboard/window_sight.h"

#include <mutex>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "data/scene_window.h"
#include "eval/embedding_recipe.h"
#include "eval/prediction.h"

namespace nadir::dashboard {
namespace {

constexpr int64_t kMaxScenePx = 1 << 20;
constexpr int kOneThread = 1;

// Other formats that GDAL knows name further files; of one who uploads they
// would be files of this machine.
void check_tiff(std::string_view bytes) {
  constexpr std::string_view kLittle("II*\0", 4);
  constexpr std::string_view kBig("MM\0*", 4);
  constexpr std::string_view kLittleBigTiff("II+\0", 4);
  constexpr std::string_view kBigBigTiff("MM\0+", 4);
  for (const auto& start : {kLittle, kBig, kLittleBigTiff, kBigBigTiff}) {
    if (bytes.starts_with(start)) {
      return;
    }
  }
  NADIR_CHECK(false, "a window is looked for in a GeoTIFF; this file is none");
}

data::SceneWindow window_of(const std::string& scene, const Query& query) {
  constexpr const char* kName = "the file";
  if (query.get("lon") || query.get("lat")) {
    data::ScenePlace place;
    place.name = kName;
    place.scene = scene;
    place.longitude_deg = query.number("lon", 0);
    place.latitude_deg = query.number("lat", 0);
    place.side_px = query.integer("side", 0, 1, kMaxScenePx);
    return data::window_at(place);
  }
  data::SceneWindow window;
  window.name = kName;
  window.scene = scene;
  window.is_whole = !query.get("height").has_value();
  if (!window.is_whole) {
    window.row = query.integer("row", 0, 0, kMaxScenePx);
    window.col = query.integer("col", 0, 0, kMaxScenePx);
    window.height = query.integer("height", 0, 1, kMaxScenePx);
    window.width = query.integer("width", 0, 1, kMaxScenePx);
  }
  return window;
}

}  // namespace

struct WindowSight::State {
  State(
      const search::Embeddings& all,
      std::string embeddings_path,
      std::string moved_weights)
      : embeddings(all),
        path(std::move(embeddings_path)),
        weights(std::move(moved_weights)) {}

  const search::Embeddings& embeddings;
  std::string path;
  std::string weights;

  std::mutex mutex;  // of what follows
  std::optional<eval::EmbeddingRecipe> recipe;
  std::optional<eval::FrozenNetwork> network;

  void load() {
    if (network) {
      return;
    }
    recipe = eval::read_embedding_recipe(embeddings.metadata(), path);
    network = eval::load_recipe_network(*recipe, weights, "cpu");
  }
};

WindowSight::WindowSight(
    const search::Embeddings& embeddings,
    std::string embeddings_path,
    std::string weights)
    : state_(std::make_unique<State>(
          embeddings, std::move(embeddings_path), std::move(weights))) {}

WindowSight::~WindowSight() = default;

std::vector<float> WindowSight::direction_of(
    std::string_view bytes, const Query& query) const {
  check_tiff(bytes);
  const TemporaryFolder folder;
  const auto scene = folder.path() / "scene.tif";
  write_file(scene, std::string(bytes));
  const auto window = window_of(scene.string(), query);
  const std::lock_guard lock(state_->mutex);
  state_->load();
  const auto images = eval::unlabelled_images(
      data::open_windows({window}, state_->recipe->views.normalization.bands),
      "",
      0);
  const auto features = eval::rows_of(eval::embed_images(
      images, *state_->recipe, *state_->network, 1, kOneThread));
  return state_->embeddings.direction_of(features.front());
}

}  // namespace nadir::dashboard
