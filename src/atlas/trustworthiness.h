// How far neighbours in a projection are neighbours indeed: Venna and Kaski
// 2001, as sklearn.manifold.trustworthiness computes it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "search/vectors.h"

namespace nadir::atlas {

// 0 to 1; above 0.9 neighbours can mostly be believed, 0.5 is chance. Of the
// `count` images nearest in the plane to each of `num_sampled` images, evenly
// spread, among all images; with all of them it is scikit-learn's to rounding.
// `vectors` are of length 1 and compared by cosine, whose order is that of the
// distance; `places` are [size, 2]. Nothing where `count` is not below half of
// the images, as the definition demands. `on_vectors` is told how many of the
// sampled are done; throws what it throws.
[[nodiscard]] std::optional<double> trustworthiness(
    const search::Vectors& vectors,
    std::span<const float> places,
    int64_t count,
    int64_t num_sampled,
    int num_threads,
    const search::OnVectors& on_vectors = {});

}  // namespace nadir::atlas
