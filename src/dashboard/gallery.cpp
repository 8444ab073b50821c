#include "dashboard/gallery.h"

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kDefaultLimit = 60;
constexpr int64_t kMaxLimit = 1000;

Json flag_json(const std::optional<bool>& flag) {
  return flag ? Json(*flag) : Json(nullptr);
}

Json ring_json(const std::optional<eval::Ring>& ring) {
  if (!ring) {
    return nullptr;
  }
  auto json = Json::array();
  for (const auto& [longitude, latitude] : *ring) {
    json.push_back({longitude, latitude});
  }
  return json;
}

}  // namespace

Json Gallery::image(int64_t id) const {
  Json json;
  json["id"] = id;
  json["name"] = catalog_.dataset().name(id);
  json["labels"] = catalog_.labels(id);
  const auto place =
      predictions_ == nullptr ? std::nullopt : predictions_->find(id);
  json["predicted"] = place ? Json(predictions_->predicted(*place)) : Json();
  json["error"] = place ? Json(predictions_->error(*place)) : Json();
  return json;
}

Json Gallery::details(int64_t id) const {
  const auto& facts = catalog_.facts(id);
  auto json = image(id);
  json["split"] = catalog_.dataset().split(id);
  json["country"] = facts.country;
  json["season"] = facts.season;
  json["date"] = facts.date;
  json["has_snow"] = flag_json(facts.has_snow);
  json["has_cloud"] = flag_json(facts.has_cloud);
  json["footprint"] = catalog_.has_footprints()
                          ? ring_json(catalog_.footprints()[id])
                          : Json(nullptr);
  json["probabilities"] = nullptr;
  const auto place =
      predictions_ == nullptr ? std::nullopt : predictions_->find(id);
  if (place) {
    auto classes = Json::array();
    const auto& names = predictions_->class_names();
    const auto& thresholds = predictions_->thresholds();
    for (int64_t c = 0; c < static_cast<int64_t>(names.size()); ++c) {
      classes.push_back(
          {{"class", names[c]},
           {"probability", predictions_->probability(*place, c)},
           {"threshold", thresholds.empty() ? Json() : Json(thresholds[c])},
           {"is_true", predictions_->is_true(*place, c)},
           {"is_predicted", predictions_->is_predicted(*place, c)}});
    }
    json["probabilities"] = std::move(classes);
  }
  return json;
}

Json Gallery::list(const Query& query) const {
  const auto offset = query.integer("offset", 0, 0, catalog_.size());
  const auto limit = query.integer("limit", kDefaultLimit, 1, kMaxLimit);
  const auto ids = chosen(query);
  Json json;
  json["total"] = ids.size();
  json["images"] = Json::array();
  const auto end =
      std::min<int64_t>(offset + limit, static_cast<int64_t>(ids.size()));
  for (int64_t i = offset; i < end; ++i) {
    json["images"].push_back(image(ids[i]));
  }
  return json;
}

std::vector<int64_t> Gallery::chosen(const Query& query) const {
  const auto sort = query.get("sort").value_or("order");
  NADIR_CHECK(
      sort == "order" || sort == "worst",
      "sort must be order or worst, got '{}'",
      sort);
  std::vector<int64_t> ids;
  const auto missed = query.text("missed");
  const auto wrong = query.text("wrong");
  const bool is_confused = !missed.empty() || !wrong.empty();
  if (is_confused) {
    ids = confused(missed.empty() ? wrong : missed, !missed.empty());
  } else {
    ids.resize(static_cast<size_t>(catalog_.size()));
    std::iota(ids.begin(), ids.end(), 0);
  }
  const auto class_name = query.text("class");
  const int64_t class_index =
      class_name.empty() ? -1 : catalog_.class_index(class_name);
  const auto split = query.text("split");
  const auto country = query.text("country");
  const auto season = query.text("season");
  const auto text = query.text("text");
  std::erase_if(ids, [&](int64_t id) {
    const auto& facts = catalog_.facts(id);
    return (class_index >= 0 && !catalog_.has_label(id, class_index)) ||
           (!split.empty() && catalog_.dataset().split(id) != split) ||
           (!country.empty() && facts.country != country) ||
           (!season.empty() && facts.season != season) ||
           (!text.empty() &&
            catalog_.dataset().name(id).find(text) == std::string::npos);
  });
  if (sort == "worst" && !is_confused) {
    sort_worst(ids);
  }
  return ids;
}

void Gallery::sort_worst(std::vector<int64_t>& ids) const {
  NADIR_CHECK(
      predictions_ != nullptr,
      "there are no predictions, so that nothing is worst; start the dashboard "
      "with --predictions");
  std::vector<std::pair<double, int64_t>> errors;
  for (const int64_t id : ids) {
    if (const auto place = predictions_->find(id)) {
      errors.emplace_back(-predictions_->error(*place), id);
    }
  }
  std::sort(errors.begin(), errors.end());
  ids.clear();
  for (const auto& [error, id] : errors) {
    ids.push_back(id);
  }
}

std::vector<int64_t> Gallery::confused(
    const std::string& class_name, bool is_missed) const {
  NADIR_CHECK(
      predictions_ != nullptr,
      "there are no predictions, so that no class is missed or wrong; start "
      "the "
      "dashboard with --predictions");
  const auto& names = predictions_->class_names();
  const auto found = std::find(names.begin(), names.end(), class_name);
  if (found == names.end()) {
    fail(ErrorCode::kNotFound, "no class '{}' is predicted", class_name);
  }
  const int64_t c = found - names.begin();
  std::vector<std::pair<double, int64_t>> clearest;
  const auto& ids = predictions_->ids();
  for (int64_t place = 0; place < static_cast<int64_t>(ids.size()); ++place) {
    if (predictions_->is_true(place, c) == is_missed &&
        predictions_->is_predicted(place, c) != is_missed) {
      const double probability = predictions_->probability(place, c);
      clearest.emplace_back(is_missed ? probability : -probability, ids[place]);
    }
  }
  std::sort(clearest.begin(), clearest.end());
  std::vector<int64_t> images;
  for (const auto& [probability, id] : clearest) {
    images.push_back(id);
  }
  return images;
}

}  // namespace nadir::dashboard
