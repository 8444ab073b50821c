// Vectors of length 1 in groups that lie well apart.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "search/vectors.h"

namespace nadir::atlas {

struct Clusters {
  std::vector<float> values;
  std::vector<int64_t> groups;  // of each vector
  int64_t width = 0;

  [[nodiscard]] search::Vectors vectors() const {
    return {values.data(), static_cast<int64_t>(groups.size()), width};
  }
};

// `spread` is the deviation within a group along each axis, beside centres
// about sqrt(2) apart.
inline Clusters make_clusters(
    int64_t count,
    int64_t width,
    int64_t num_groups,
    double spread,
    uint64_t seed = 1) {
  RandomStream random(seed, StreamPurpose::kTest);
  const auto direction = [&] {
    std::vector<double> vector(static_cast<size_t>(width));
    double squares = 0;
    for (double& value : vector) {
      value = random.normal();
      squares += value * value;
    }
    for (double& value : vector) {
      value /= std::sqrt(squares);
    }
    return vector;
  };
  std::vector<std::vector<double>> centres;
  for (int64_t g = 0; g < num_groups; ++g) {
    centres.push_back(direction());
  }
  Clusters clusters;
  clusters.width = width;
  for (int64_t i = 0; i < count; ++i) {
    clusters.groups.push_back(i % num_groups);
    auto vector = centres[static_cast<size_t>(i % num_groups)];
    double squares = 0;
    for (double& value : vector) {
      value += spread * random.normal();
      squares += value * value;
    }
    for (const double value : vector) {
      clusters.values.push_back(static_cast<float>(value / std::sqrt(squares)));
    }
  }
  return clusters;
}

}  // namespace nadir::atlas
