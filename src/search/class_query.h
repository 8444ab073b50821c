// What to look for: images like some and unlike others, or like those of one
// class and unlike those of another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "search/embeddings.h"
#include "search/neighbours.h"

namespace nadir::search {

using Rows = std::vector<int64_t>;

// Groups of images that count the same each.
struct Wish {
  std::vector<Rows> like;
  std::vector<Rows> unlike;
  // Directions of images that are not among the embeddings: one more group to
  // be like, unless it is empty.
  std::vector<std::vector<float>> like_others{};
};

// Directions of length 1.
struct Query {
  std::vector<float> wanted;
  std::vector<std::vector<float>> unwanted;
};

// The sum of the mean directions of the groups to be like, and the mean
// directions of the others. Throws Error{kInvalidArgument} where nothing is to
// be like, or a mean has no direction.
[[nodiscard]] Query query_of(const Embeddings& embeddings, const Wish& wish);

// Whether an image is more like what is wanted than like anything unwanted.
// Taking directions off each other instead would find what is unlike both.
[[nodiscard]] bool is_as_wished(
    const Embeddings& embeddings, const Query& query, const Neighbour& one);

// Embeddings of the dataset's images of a class. Throws Error{kInvalidArgument}
// naming the nearest class where there is none of that name, and where no image
// of it is among the embeddings.
[[nodiscard]] Rows rows_of_class(
    const Embeddings& embeddings,
    const data::Dataset& dataset,
    const std::string& class_name);

}  // namespace nadir::search
