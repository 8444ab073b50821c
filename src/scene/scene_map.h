// Maps of a whole scene: class probabilities, principal components of the
// embeddings, and change to a second date, as cloud-optimised GeoTIFFs on the
// scene's grid. Formats: docs/formats/map.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/part.h"
#include "eval/frozen_network.h"
#include "eval/probe.h"
#include "scene/components.h"
#include "scene/map_config.h"
#include "scene/scene.h"
#include "scene/window_model.h"
#include "scene/window_plan.h"
#include "scene/window_store.h"

namespace nadir::scene {

struct MapResult {
  bool was_complete = false;       // the part, by an earlier call
  bool is_merged = false;          // the maps are there, by this call or before
  std::vector<int64_t> missing;    // parts
  nlohmann::ordered_json summary;  // where is_merged: map.json
};

// The maps that a configuration asks for.
class SceneMap {
 public:
  // Opens the scenes and the network, and checks that they go together. Throws
  // Error{kInvalidArgument} naming what does not, and what opening throws.
  explicit SceneMap(const MapConfig& config);

  // What would be computed and written, with the memory and disk it needs.
  [[nodiscard]] nlohmann::ordered_json plan() const;

  // Makes the part's share of the windows, from where an earlier call was
  // ended; the part that comes last makes the maps of all windows. Throws
  // Error{kInvalidArgument} where the folder holds other maps or parts of
  // others, Stopped after a signal, and what reading and writing throw.
  [[nodiscard]] MapResult make(const Part& part) const;

 private:
  struct Date {
    const char* folder;  // in a part's
    const Scene* scene;
  };

  void load_model();
  void load_segment_model();
  void check_components() const;
  [[nodiscard]] nlohmann::json settings() const;
  [[nodiscard]] nlohmann::json products() const;
  [[nodiscard]] std::vector<Date> dates() const;
  [[nodiscard]] WindowRange range_of(const Part& part) const;
  [[nodiscard]] std::optional<nlohmann::ordered_json> finished() const;
  void clear() const;
  void make_part(const Part& part, const std::filesystem::path& folder) const;
  void draw_picture() const;
  [[nodiscard]] std::vector<WindowReader> read_windows(
      const std::vector<std::filesystem::path>& parts) const;
  [[nodiscard]] Components components_of(const WindowReader& windows) const;
  [[nodiscard]] std::map<std::string, std::string> metadata() const;
  [[nodiscard]] nlohmann::ordered_json write_maps(
      const std::vector<std::filesystem::path>& parts) const;

  MapConfig config_;
  std::unique_ptr<Scene> scene_;
  std::unique_ptr<Scene> second_;  // where change is asked for
  std::optional<WindowPlan> plan_;
  eval::ViewRecipe views_;
  std::unique_ptr<WindowModel> model_;
  std::optional<Components> components_;  // of an earlier map
  // What the maps say of the network that made them.
  std::vector<std::string> class_names_;
  std::string weights_;
  std::string weights_sha256_;
  std::string probe_sha256_;
  std::string precision_;
  std::string features_;
};

}  // namespace nadir::scene
