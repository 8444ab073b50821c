// A window of a GeoTIFF that a user has, as one more embedding. LibTorch stays
// behind this header.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dashboard/query.h"
#include "search/embeddings.h"

namespace nadir::dashboard {

// From any thread; one window at a time goes through the network.
class WindowSight {
 public:
  // Embeddings, their file, and the network that made them where it has moved,
  // else "". All that is read is read at the first window.
  WindowSight(
      const search::Embeddings& embeddings,
      std::string embeddings_path,
      std::string weights);
  ~WindowSight();
  WindowSight(const WindowSight&) = delete;
  WindowSight& operator=(const WindowSight&) = delete;

  // The direction of a window of the GeoTIFF `bytes`: of row, col, height,
  // width in pixels, or of a square of `side` pixels around lon and lat, or
  // else of all of it, as `query` says. Throws Error{kInvalidArgument} for
  // bytes that are no TIFF, a window outside of it, bands that are not there,
  // and embeddings that do not say how they were made.
  [[nodiscard]] std::vector<float> direction_of(
      std::string_view bytes, const Query& query) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::dashboard
