// The rows of a scene that its windows are cut from, read once and ahead: a
// strip is what one row of windows needs.
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "raster/image.h"
#include "raster/scene_reader.h"
#include "scene/scene.h"
#include "scene/window_plan.h"

namespace nadir::scene {

struct Strip {
  int64_t first_row = 0;
  raster::Image pixels;               // [bands, window, width of the scene]
  std::optional<raster::Image> mask;  // where the scene has one
};

// Thread-safe. Memory: the strips in use, and one ahead.
class StripCache {
 public:
  // `scene` and `plan` must outlive the cache. Strips up to `last_row` of
  // windows are read ahead; `num_kept` of those before the newest are kept for
  // threads that lag behind.
  StripCache(
      const Scene& scene,
      const WindowPlan& plan,
      int64_t last_row,
      int64_t num_kept);
  // Waits for the read in hand.
  ~StripCache();
  StripCache(const StripCache&) = delete;
  StripCache& operator=(const StripCache&) = delete;

  // The strip of a row of windows; waits until it is read. Throws what reading
  // throws.
  [[nodiscard]] std::shared_ptr<const Strip> strip(int64_t window_row);

 private:
  using StripPtr = std::shared_ptr<const Strip>;
  using Future = std::shared_future<StripPtr>;

  [[nodiscard]] Future start(int64_t window_row);
  [[nodiscard]] StripPtr read(int64_t window_row, Future before);

  const Scene& scene_;
  const WindowPlan& plan_;
  int64_t last_row_;
  int64_t num_kept_;
  std::mutex reader_mutex_;
  raster::SceneReader reader_;
  std::mutex mutex_;
  std::map<int64_t, Future> strips_;
};

// The pixels of a strip, or its mask, from column `col` on.
[[nodiscard]] raster::Image cut_columns(
    const raster::Image& strip, int64_t col, int64_t width);

}  // namespace nadir::scene
