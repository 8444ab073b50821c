#include "dashboard/image_routes.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "dashboard/tile_pictures.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMaxEpoch = 1'000'000;

int64_t image_id(const DataParts& parts, const Call& call) {
  return call.id(0, parts.catalog().size(), "image");
}

// Pictures of images do not change while the dashboard runs.
http::Response picture_response(std::string png) {
  auto response = png_response(std::move(png));
  response.headers.emplace_back("Cache-Control", "private, max-age=600");
  return response;
}

const NetworkSight& network_of(const DataParts& parts) {
  if (parts.network() == nullptr) {
    fail(
        ErrorCode::kNotFound,
        "there is no network to look through; start the dashboard with "
        "--weights, or with a run that has weights");
  }
  return *parts.network();
}

Json splits_json(const data::Dataset& dataset) {
  std::map<std::string, int64_t> counts;
  for (int64_t id = 0; id < dataset.size(); ++id) {
    ++counts[dataset.split(id)];
  }
  auto json = Json::array();
  for (const auto& [name, count] : counts) {
    if (!name.empty()) {
      json.push_back({{"name", name}, {"num_images", count}});
    }
  }
  return json;
}

// West, south, east, north of all footprints.
Json bounds_json(const Catalog& catalog) {
  if (!catalog.has_footprints()) {
    return nullptr;
  }
  double west = 180;
  double south = 90;
  double east = -180;
  double north = -90;
  for (const auto& ring : catalog.footprints()) {
    for (const auto& [longitude, latitude] : ring.value_or(eval::Ring{})) {
      west = std::min(west, longitude);
      east = std::max(east, longitude);
      south = std::min(south, latitude);
      north = std::max(north, latitude);
    }
  }
  return west <= east ? Json{west, south, east, north} : Json(nullptr);
}

Json data_json(const Catalog& catalog) {
  const auto& dataset = catalog.dataset();
  Json json;
  json["description"] = dataset.description();
  json["num_images"] = dataset.size();
  json["class_names"] = dataset.class_names();
  json["task"] = dataset.class_names().empty() ? "none"
                 : dataset.is_multi_label()    ? "multi_label"
                                               : "single_label";
  json["bands"] = dataset.bands();
  json["composites"] = Json::array();
  for (const auto& composite : eval::composites_of(dataset.bands())) {
    json["composites"].push_back(composite.name);
  }
  json["splits"] = splits_json(dataset);
  json["countries"] = catalog.colouring("country").values;
  json["seasons"] = catalog.colouring("season").values;
  json["bounds"] = bounds_json(catalog);
  return json;
}

Json details_of(const DataParts& parts, int64_t id) {
  auto json = parts.gallery().details(id);
  json["bands"] = bands_json(parts.catalog().dataset(), id);
  json["num_heads"] =
      parts.network() == nullptr ? 0 : parts.network()->num_heads();
  return json;
}

http::Response band_response(const DataParts& parts, const Call& call) {
  const auto& dataset = parts.catalog().dataset();
  const auto& bands = dataset.bands();
  const auto found = std::find(bands.begin(), bands.end(), call.words[1]);
  if (found == bands.end()) {
    fail(ErrorCode::kNotFound, "there is no band '{}'", call.words[1]);
  }
  return picture_response(
      band_png(dataset, image_id(parts, call), found - bands.begin()));
}

void add_picture_routes(Router& router, const DataParts& parts) {
  const auto& dataset = parts.catalog().dataset();
  router.add("GET", "/api/images/*/thumbnail.png", [&](const Call& call) {
    return picture_response(thumbnail_png(dataset, image_id(parts, call)));
  });
  router.add("GET", "/api/images/*/composite/*.png", [&](const Call& call) {
    const auto composites = eval::composites_of(dataset.bands());
    const auto index =
        call.id(1, static_cast<int64_t>(composites.size()), "composite");
    return picture_response(composite_png(
        dataset,
        image_id(parts, call),
        composites[static_cast<size_t>(index)]));
  });
  router.add("GET", "/api/images/*/band/*.png", [&](const Call& call) {
    return band_response(parts, call);
  });
  router.add("GET", "/api/images/*/views.png", [&](const Call& call) {
    return picture_response(network_of(parts).views_png(
        image_id(parts, call), call.query.integer("epoch", 0, 0, kMaxEpoch)));
  });
  router.add("GET", "/api/images/*/attention/*.png", [&](const Call& call) {
    const auto& network = network_of(parts);
    const auto head = call.id(1, network.num_heads(), "head");
    return picture_response(network.attention_png(image_id(parts, call), head));
  });
  router.add("GET", "/api/images/*/components.png", [&](const Call& call) {
    return picture_response(
        network_of(parts).components_png(image_id(parts, call)));
  });
}

}  // namespace

void add_image_routes(Router& router, const DataParts& parts) {
  router.add("GET", "/api/data", [&](const Call&) {
    return json_response(data_json(parts.catalog()));
  });
  router.add("GET", "/api/images", [&](const Call& call) {
    return json_response(parts.gallery().list(call.query));
  });
  router.add("GET", "/api/images/*", [&](const Call& call) {
    return json_response(details_of(parts, image_id(parts, call)));
  });
  add_picture_routes(router, parts);
}

}  // namespace nadir::dashboard
