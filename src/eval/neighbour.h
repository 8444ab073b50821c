// A near image, as a search for the nearest finds it.
#pragma once

#include <cstdint>

namespace nadir::eval {

struct Neighbour {
  float similarity;
  int32_t index;  // of the train image

  // The nearer one; of equally near ones that with the lower index.
  bool operator<(const Neighbour& other) const {
    return similarity > other.similarity ||
           (similarity == other.similarity && index < other.index);
  }
};

}  // namespace nadir::eval
