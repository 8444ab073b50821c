// What whoever waits for an atlas is told.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace nadir::atlas {

enum class Stage { kNeighbours, kLayout, kTrust };

struct Step {
  Stage stage = Stage::kLayout;
  int64_t done = 0;  // images, epochs, images
  int64_t total = 0;
  std::span<const float> places;  // as they are, [size, 2]: x, y
};

// Called after every epoch of a layout, now and then in the other stages, and
// with the final places as soon as trust begins to be measured; one call at a
// time, from any thread. False ends the work; so does what it throws, which
// whoever began the work gets.
using Watch = std::function<bool(const Step&)>;

}  // namespace nadir::atlas
