// What a search finds.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace nadir::search {

struct Neighbour {
  int64_t row = 0;       // in the embeddings
  float similarity = 0;  // the cosine with the query

  // The nearer one; of equals the one with the lower row.
  friend bool operator<(const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity
                                        : a.row < b.row;
  }

  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

using Neighbours = std::vector<Neighbour>;  // nearest first

// Whether a search may give this one; empty takes all. From any thread.
using Accept = std::function<bool(const Neighbour&)>;

}  // namespace nadir::search
