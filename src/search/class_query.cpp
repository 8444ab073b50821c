#include "search/class_query.h"

#include <algorithm>

#include "core/config.h"
#include "core/error.h"
#include "kernels/dot.h"
#include "search/unit.h"

namespace nadir::search {
namespace {

using Sum = std::vector<double>;

void add(std::span<const float> values, Sum& sum) {
  for (size_t j = 0; j < sum.size(); ++j) {
    sum[j] += values[j];
  }
}

std::vector<float> mean_direction(
    const Embeddings& embeddings, const Rows& rows) {
  Sum sum(static_cast<size_t>(embeddings.width()), 0.0);
  for (const int64_t row : rows) {
    add(embeddings.row(row), sum);
  }
  return unit_vector(sum);
}

}  // namespace

Query query_of(const Embeddings& embeddings, const Wish& wish) {
  NADIR_CHECK(
      !wish.like.empty() || !wish.like_others.empty(),
      "say what to look for: --like an image, --window of a scene, or a "
      "--class");
  const auto width = static_cast<size_t>(embeddings.width());
  Sum sum(width, 0.0);
  for (const auto& rows : wish.like) {
    add(mean_direction(embeddings, rows), sum);
  }
  if (!wish.like_others.empty()) {
    Sum others(width, 0.0);
    for (const auto& direction : wish.like_others) {
      NADIR_ASSERT(direction.size() == width);
      add(direction, others);
    }
    add(unit_vector(others), sum);
  }
  Query query;
  query.wanted = unit_vector(sum);
  for (const auto& rows : wish.unlike) {
    query.unwanted.push_back(mean_direction(embeddings, rows));
  }
  return query;
}

bool is_as_wished(
    const Embeddings& embeddings, const Query& query, const Neighbour& one) {
  const float* const row = embeddings.row(one.row).data();
  return std::all_of(
      query.unwanted.begin(), query.unwanted.end(), [&](const auto& unwanted) {
        return kernels::dot(row, unwanted.data(), embeddings.width()) <
               one.similarity;
      });
}

Rows rows_of_class(
    const Embeddings& embeddings,
    const data::Dataset& dataset,
    const std::string& class_name) {
  const auto& classes = dataset.class_names();
  const auto found = std::find(classes.begin(), classes.end(), class_name);
  NADIR_CHECK(
      found != classes.end(),
      "the data has no class '{}'{}",
      class_name,
      did_you_mean(class_name, classes));
  const auto column = static_cast<size_t>(found - classes.begin());
  Rows rows;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const auto labels = dataset.labels(i);
    if (labels.empty() || labels[column] == 0) {
      continue;
    }
    if (const auto row = embeddings.find(dataset.name(i))) {
      rows.push_back(*row);
    }
  }
  NADIR_CHECK(
      !rows.empty(),
      "none of the embeddings is of an image of class '{}'",
      class_name);
  return rows;
}

}  // namespace nadir::search
