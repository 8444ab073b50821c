#include "atlas/trustworthiness.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/parallel.h"
#include "kernels/dot.h"

namespace nadir::atlas {
namespace {

// The `count` rows nearest to `row` in the plane.
std::vector<int64_t> nearest_places(
    std::span<const float> places, int64_t row, int64_t count) {
  const auto size = static_cast<int64_t>(places.size() / 2);
  const auto at = [&](int64_t i, size_t d) {
    return static_cast<double>(places[static_cast<size_t>(i) * 2 + d]);
  };
  std::vector<std::pair<double, int64_t>> others;
  others.reserve(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) {
    const double dx = at(i, 0) - at(row, 0);
    const double dy = at(i, 1) - at(row, 1);
    if (i != row) {
      others.emplace_back(dx * dx + dy * dy, i);
    }
  }
  std::partial_sort(others.begin(), others.begin() + count, others.end());
  std::vector<int64_t> nearest;
  for (int64_t i = 0; i < count; ++i) {
    nearest.push_back(others[static_cast<size_t>(i)].second);
  }
  return nearest;
}

// An image, and those nearest to it in the plane.
struct Sample {
  int64_t row = 0;
  std::vector<int64_t> chosen;
  std::vector<float> cosines;  // of `row` with them
  std::vector<int64_t> ranks;  // of them, among all others by cosine
};

float cosine(const search::Vectors& vectors, int64_t a, int64_t b) {
  return kernels::dot(
      vectors.row(a).data(), vectors.row(b).data(), vectors.width);
}

Sample make_sample(
    const search::Vectors& vectors,
    std::span<const float> places,
    int64_t row,
    int64_t count) {
  Sample sample;
  sample.row = row;
  sample.chosen = nearest_places(places, row, count);
  sample.ranks.assign(sample.chosen.size(), 1);
  for (const int64_t i : sample.chosen) {
    sample.cosines.push_back(cosine(vectors, row, i));
  }
  return sample;
}

// Counts row `i` where it is nearer than those chosen; of equals the lower row
// is.
void count_row(const search::Vectors& vectors, int64_t i, Sample& sample) {
  if (i == sample.row) {
    return;
  }
  const float other = cosine(vectors, sample.row, i);
  for (size_t c = 0; c < sample.chosen.size(); ++c) {
    const bool is_nearer = other > sample.cosines[c] ||
                           (other == sample.cosines[c] && i < sample.chosen[c]);
    sample.ranks[c] += is_nearer ? 1 : 0;
  }
}

}  // namespace

std::optional<double> trustworthiness(
    const search::Vectors& vectors,
    std::span<const float> places,
    int64_t count,
    int64_t num_sampled,
    int num_threads,
    const search::OnVectors& on_vectors) {
  NADIR_CHECK(
      static_cast<int64_t>(places.size()) == 2 * vectors.size,
      "{} vectors have {} numbers as places in the plane",
      vectors.size,
      places.size());
  NADIR_CHECK(
      count > 0 && num_sampled > 0,
      "trustworthiness needs neighbours and images > 0, got {} and {}",
      count,
      num_sampled);
  if (2 * count >= vectors.size) {
    return std::nullopt;
  }
  const int64_t sampled = std::min(num_sampled, vectors.size);
  constexpr int64_t kShare = 16;  // samples for which a row is read once
  std::vector<int64_t> excesses(static_cast<size_t>(sampled));
  parallel_for(sampled, kShare, num_threads, [&](int64_t begin, int64_t end) {
    std::vector<Sample> samples;
    for (int64_t s = begin; s < end; ++s) {
      samples.push_back(
          make_sample(vectors, places, s * vectors.size / sampled, count));
    }
    for (int64_t i = 0; i < vectors.size; ++i) {
      for (auto& sample : samples) {
        count_row(vectors, i, sample);
      }
    }
    for (int64_t s = begin; s < end; ++s) {
      for (const int64_t rank : samples[static_cast<size_t>(s - begin)].ranks) {
        excesses[static_cast<size_t>(s)] += std::max<int64_t>(0, rank - count);
      }
    }
    if (on_vectors) {
      on_vectors(end - begin);
    }
  });
  const double sum = std::accumulate(excesses.begin(), excesses.end(), 0.0);
  const auto n = static_cast<double>(vectors.size);
  const auto k = static_cast<double>(count);
  return 1 - 2 * sum / (static_cast<double>(sampled) * k * (2 * n - 3 * k - 1));
}

}  // namespace nadir::atlas
