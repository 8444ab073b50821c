#include "dashboard/predictions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "table/parquet.h"

namespace nadir::dashboard {
namespace {

constexpr char kName[] = "name";
constexpr char kLabels[] = "labels";
constexpr char kGeometry[] = "geometry";
constexpr std::string_view kOwnName = "class ";  // of a class called "name"

// All columns but our own hold the probabilities of a class.
std::vector<std::string> class_columns(
    const std::vector<std::string>& columns) {
  std::vector<std::string> classes;
  for (const auto& column : columns) {
    if (column != kName && column != kLabels && column != kGeometry) {
      classes.push_back(column);
    }
  }
  return classes;
}

std::string class_of_column(const std::string& column) {
  for (const char* own : {kName, kLabels, kGeometry}) {
    if (column == std::string(kOwnName) + own) {
      return own;
    }
  }
  return column;
}

// The probe's thresholds, in the order of its classes.
std::vector<double> read_thresholds(
    const table::Metadata& metadata, size_t num_classes) {
  const auto found = metadata.find("nadir");
  if (found == metadata.end()) {
    return {};
  }
  const auto probe = parse_json_or_discard(found->second);
  const auto list = probe.is_object() ? probe.find("thresholds") : probe.end();
  if (list == probe.end() || !list->is_array() || list->size() != num_classes) {
    return {};
  }
  std::vector<double> thresholds;
  for (const auto& value : *list) {
    thresholds.push_back(value.is_number() ? value.get<double>() : 0.5);
  }
  return thresholds;
}

}  // namespace

Predictions Predictions::read(
    const std::filesystem::path& path, const Catalog& catalog) {
  const auto columns = class_columns(table::read_parquet_columns(path));
  std::vector<std::string> wanted = {kName, kLabels};
  wanted.insert(wanted.end(), columns.begin(), columns.end());
  const auto table = table::read_parquet(path, wanted);
  const auto& names = table.get<table::TextColumn>(kName);
  const auto& labels = table.get<table::TextListColumn>(kLabels);

  Predictions predictions;
  std::vector<int64_t> truth_of;  // a class's index in the catalog
  for (const auto& column : columns) {
    predictions.class_names_.push_back(class_of_column(column));
    truth_of.push_back(catalog.class_index(predictions.class_names_.back()));
  }
  predictions.thresholds_ =
      read_thresholds(table::read_parquet_metadata(path), columns.size());
  std::vector<size_t> rows;
  for (size_t row = 0; row < names.size(); ++row) {
    if (const auto id = catalog.find(names[row].value_or(""))) {
      predictions.ids_.push_back(*id);
      rows.push_back(row);
    }
  }
  NADIR_CHECK(
      !rows.empty(),
      "{} has predictions of {} images, and none of them is in {}",
      path.string(),
      names.size(),
      catalog.dataset().description());
  predictions.places_.assign(static_cast<size_t>(catalog.size()), -1);
  auto& scored = predictions.scored_;
  scored.num_images = static_cast<int64_t>(rows.size());
  scored.num_classes = static_cast<int64_t>(columns.size());
  scored.scores.resize(rows.size() * columns.size());
  scored.labels.resize(scored.scores.size());
  predictions.predicted_.resize(scored.scores.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto& values = table.get<table::NumberColumn>(columns[c]);
    const auto& name = predictions.class_names_[c];
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t at = i * columns.size() + c;
      const auto& chosen = labels[rows[i]];
      scored.scores[at] = values[rows[i]];
      scored.labels[at] =
          catalog.has_label(predictions.ids_[i], truth_of[c]) ? 1 : 0;
      predictions.predicted_[at] =
          chosen && std::find(chosen->begin(), chosen->end(), name) !=
                        chosen->end()
              ? 1
              : 0;
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    predictions.places_[static_cast<size_t>(predictions.ids_[i])] =
        static_cast<int32_t>(i);
  }
  return predictions;
}

std::optional<int64_t> Predictions::find(int64_t id) const {
  const auto place = places_[static_cast<size_t>(id)];
  return place < 0 ? std::nullopt : std::optional<int64_t>(place);
}

double Predictions::probability(int64_t place, int64_t class_index) const {
  return scored_
      .scores[static_cast<size_t>(place * scored_.num_classes + class_index)];
}

bool Predictions::is_predicted(int64_t place, int64_t class_index) const {
  return predicted_[static_cast<size_t>(
             place * scored_.num_classes + class_index)] != 0;
}

bool Predictions::is_true(int64_t place, int64_t class_index) const {
  return scored_.labels[static_cast<size_t>(
             place * scored_.num_classes + class_index)] != 0;
}

double Predictions::error(int64_t place) const {
  double sum = 0;
  for (int64_t c = 0; c < scored_.num_classes; ++c) {
    sum += std::abs(is_true(place, c) - probability(place, c));
  }
  return sum / static_cast<double>(std::max<int64_t>(1, scored_.num_classes));
}

float Predictions::error_of_id(int64_t id) const {
  const auto place = find(id);
  return place ? static_cast<float>(error(*place))
               : std::numeric_limits<float>::quiet_NaN();
}

std::vector<std::string> Predictions::predicted(int64_t place) const {
  std::vector<std::string> names;
  for (int64_t c = 0; c < scored_.num_classes; ++c) {
    if (is_predicted(place, c)) {
      names.push_back(class_names_[static_cast<size_t>(c)]);
    }
  }
  return names;
}

}  // namespace nadir::dashboard
