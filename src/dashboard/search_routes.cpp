#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/parallel.h"
#include "dashboard/atlas_routes.h"
#include "search/class_query.h"
#include "search/exact_search.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kDefaultResults = 24;
constexpr int64_t kMaxResults = 500;

// The embedding of an image of the catalog. Throws where it has none.
int64_t row_of(const DataParts& parts, int64_t id) {
  return parts.embeddings()->row_of(parts.catalog().dataset().name(id));
}

search::Rows rows_of(
    const DataParts& parts, const std::vector<std::string>& ids) {
  search::Rows rows;
  for (const auto& id : ids) {
    rows.push_back(row_of(
        parts, whole_number(id, "an image", 0, parts.catalog().size() - 1)));
  }
  return rows;
}

search::Wish wish_of(const DataParts& parts, const Query& query) {
  search::Wish wish;
  const auto add = [](search::Rows rows, std::vector<search::Rows>& groups) {
    if (!rows.empty()) {
      groups.push_back(std::move(rows));
    }
  };
  add(rows_of(parts, query.all("like")), wish.like);
  add(rows_of(parts, query.all("unlike")), wish.unlike);
  const auto& dataset = parts.catalog().dataset();
  for (const auto& name : query.all("class")) {
    add(search::rows_of_class(*parts.embeddings(), dataset, name), wish.like);
  }
  for (const auto& name : query.all("not_class")) {
    add(search::rows_of_class(*parts.embeddings(), dataset, name), wish.unlike);
  }
  return wish;
}

Json found_json(const DataParts& parts, const search::Neighbours& found) {
  auto json = Json::array();
  for (const auto& one : found) {
    const auto id = parts.catalog().find(parts.embeddings()->name(one.row));
    if (id) {
      json.push_back(parts.gallery().image(*id));
      json.back()["similarity"] = one.similarity;
    }
  }
  return json;
}

// The nearest but for `named`.
search::Neighbours find(
    const DataParts& parts,
    const search::Query& query,
    const search::Rows& named,
    int64_t count) {
  const auto& embeddings = *parts.embeddings();
  return search::find_nearest(
      embeddings,
      query.wanted,
      count,
      available_threads(),
      [&](const search::Neighbour& one) {
        return std::find(named.begin(), named.end(), one.row) == named.end() &&
               search::is_as_wished(embeddings, query, one);
      });
}

Json search_json(const DataParts& parts, const Query& query) {
  const auto count = query.integer("count", kDefaultResults, 1, kMaxResults);
  const auto wish = wish_of(parts, query);
  const auto began = std::chrono::steady_clock::now();
  auto named = rows_of(parts, query.all("like"));
  const auto found =
      find(parts, search::query_of(*parts.embeddings(), wish), named, count);
  const std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - began;
  Json json;
  json["results"] = found_json(parts, found);
  json["took_ms"] = took.count();
  return json;
}

// Images like a window of the GeoTIFF that is the body.
Json window_json(const DataParts& parts, const Call& call) {
  const auto count =
      call.query.integer("count", kDefaultResults, 1, kMaxResults);
  search::Wish wish;
  wish.like_others = {
      parts.windows()->direction_of(call.request.body, call.query)};
  const auto query = search::query_of(*parts.embeddings(), wish);
  Json json;
  json["results"] = found_json(parts, find(parts, query, {}, count));
  return json;
}

Json neighbours_json(const DataParts& parts, const Call& call) {
  const auto count = call.query.integer("count", 12, 1, kMaxResults);
  const auto row = row_of(parts, call.id(0, parts.catalog().size(), "image"));
  const auto query = search::query_of(
      *parts.embeddings(), {.like = {{row}}, .unlike = {}, .like_others = {}});
  Json json;
  json["neighbours"] = found_json(parts, find(parts, query, {row}, count));
  return json;
}

}  // namespace

void add_search_routes(Router& router, const DataParts& parts) {
  router.add("GET", "/api/search", [&](const Call& call) {
    return json_response(search_json(parts, call.query));
  });
  router.add("POST", "/api/search/window", [&](const Call& call) {
    return json_response(window_json(parts, call));
  });
  router.add("GET", "/api/images/*/neighbours", [&](const Call& call) {
    return json_response(neighbours_json(parts, call));
  });
}

}  // namespace nadir::dashboard
