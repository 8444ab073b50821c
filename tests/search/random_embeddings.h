// Embeddings drawn at random, around a few centres as those of images are.
#pragma once

#include <string>
#include <vector>

#include "core/random.h"
#include "search/embeddings.h"
#include "search/unit.h"

namespace nadir::search {

inline Embeddings random_embeddings(
    int64_t count, int64_t width, uint64_t seed = 1) {
  constexpr int64_t kCentres = 20;
  RandomStream random(seed, StreamPurpose::kTest);
  std::vector<float> centres(static_cast<size_t>(kCentres * width));
  for (float& value : centres) {
    value = static_cast<float>(random.normal());
  }
  std::vector<std::string> names;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    names.push_back("image " + std::to_string(i));
    const int64_t centre = i % kCentres;
    for (int64_t j = 0; j < width; ++j) {
      values.push_back(
          centres[static_cast<size_t>(centre * width + j)] +
          0.5F * static_cast<float>(random.normal()));
    }
  }
  return {std::move(names), width, std::move(values)};
}

// Of length 1.
inline std::vector<float> random_query(int64_t width, uint64_t seed) {
  RandomStream random(seed, StreamPurpose::kTest, 3);
  std::vector<double> query(static_cast<size_t>(width));
  for (double& value : query) {
    value = random.normal();
  }
  return unit_vector(query);
}

}  // namespace nadir::search
