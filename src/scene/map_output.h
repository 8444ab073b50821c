// The maps that windows become: what each band is, and the file they go to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "raster/geotiff.h"
#include "scene/blend.h"
#include "scene/components.h"
#include "scene/window_plan.h"
#include "scene/window_store.h"

namespace nadir::scene {

inline constexpr char kProbabilitiesFile[] = "probabilities.tif";
inline constexpr char kEmbeddingsFile[] = "embeddings.tif";
inline constexpr char kChangeFile[] = "change.tif";

struct MapOutput {
  std::string file;
  std::vector<std::string> band_names;  // one a value of the source
  BlendSource source;
  std::map<std::string, std::string> metadata;  // beside that of all maps
};

// Outputs refer to what they are made of, which must outlive them.

// A band a class.
[[nodiscard]] MapOutput probability_output(
    const WindowReader& windows, const std::vector<std::string>& class_names);

// A band a component.
[[nodiscard]] MapOutput component_output(
    const WindowReader& windows, const Components& components);

// 1 - the cosine between the embeddings of two dates; then, where the windows
// have probabilities, how much that of each class has risen. Windows that one
// of the dates lacks are not given, and cells without data at one of them have
// none.
[[nodiscard]] MapOutput change_output(
    const WindowReader& first,
    const WindowReader& second,
    const std::vector<std::string>& class_names);

// Writes the map into `folder` and returns the number of its cells that have
// values. `scene_grid` is the georeference of the scene's pixels. Throws
// Error{kIo}, and Stopped after a signal; then the file is as it was.
int64_t write_map(
    const MapOutput& output,
    const WindowPlan& plan,
    Blend blend,
    const raster::Georeference& scene_grid,
    const std::map<std::string, std::string>& metadata,
    const std::filesystem::path& folder);

}  // namespace nadir::scene
