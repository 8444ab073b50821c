#include "dashboard/catalog.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <numeric>

#include "core/config.h"
#include "core/error.h"
#include "data/dataset_info.h"
#include "data/patch_name.h"
#include "table/parquet.h"

namespace nadir::dashboard {
namespace {

constexpr uint8_t kNone = 255;

std::string text_at(const table::TextColumn& column, size_t row) {
  return column[row].value_or("");
}

// "20170613T101031" in a patch's name.
std::string date_in_name(const std::string& name) {
  constexpr size_t kAt = 11;  // behind "S2A_MSIL2A_"
  constexpr size_t kDigits = 8;
  if (!data::patch_layout(name)) {
    return "";
  }
  const auto day = name.substr(kAt, kDigits);
  return day.substr(0, 4) + "-" + day.substr(4, 2) + "-" + day.substr(6, 2);
}

// By the month of acquisition, as the index does it.
std::string season_of(const std::string& date) {
  constexpr std::array<const char*, 4> kSeasons = {
      "Winter", "Spring", "Summer", "Fall"};
  constexpr size_t kMonthAt = 5;
  if (date.size() < kMonthAt + 2) {
    return "";
  }
  const int month = std::atoi(date.substr(kMonthAt, 2).c_str());
  return kSeasons[static_cast<size_t>(month % 12 / 3)];
}

Colouring colouring_of(
    int64_t size, const std::function<std::string(int64_t)>& value_of) {
  Colouring colouring;
  colouring.codes.assign(static_cast<size_t>(size), kNone);
  std::vector<std::string> values(static_cast<size_t>(size));
  for (int64_t id = 0; id < size; ++id) {
    auto& value = values[static_cast<size_t>(id)];
    value = value_of(id);
    auto& known = colouring.values;
    if (!value.empty() && known.size() < kNone &&
        std::find(known.begin(), known.end(), value) == known.end()) {
      known.push_back(value);
    }
  }
  std::sort(colouring.values.begin(), colouring.values.end());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto found = std::lower_bound(
        colouring.values.begin(), colouring.values.end(), values[i]);
    if (found != colouring.values.end() && *found == values[i]) {
      colouring.codes[i] =
          static_cast<uint8_t>(found - colouring.values.begin());
    }
  }
  return colouring;
}

}  // namespace

Catalog::Catalog(
    std::shared_ptr<const data::Dataset> dataset,
    const std::string& data_path,
    const std::string& index)
    : dataset_(std::move(dataset)), facts_(static_cast<size_t>(size())) {
  for (int64_t id = 0; id < size(); ++id) {
    ids_.emplace(dataset_->name(id), id);
  }
  const auto own_index = std::filesystem::path(data_path) / data::kIndexFile;
  read_names();
  if (!index.empty()) {
    read_index(index);
  } else if (std::filesystem::exists(own_index)) {
    read_index(own_index.string());
  }
}

void Catalog::read_names() {
  for (int64_t id = 0; id < size(); ++id) {
    auto& facts = facts_[static_cast<size_t>(id)];
    facts.date = date_in_name(dataset_->name(id));
    facts.season = season_of(facts.date);
  }
}

void Catalog::read_index(const std::string& path) {
  const auto columns = table::read_parquet_columns(path);
  std::vector<std::string> wanted = {"name"};
  for (const char* column :
       {"country", "season", "acquisition_date", "snow", "cloud_or_shadow"}) {
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      wanted.emplace_back(column);
    }
  }
  const auto table = table::read_parquet(path, wanted);
  const auto& names = table.get<table::TextColumn>("name");
  const auto fill_text = [&](const char* column, auto member) {
    if (table.has(column)) {
      const auto& values = table.get<table::TextColumn>(column);
      for (size_t row = 0; row < names.size(); ++row) {
        const auto id = find(text_at(names, row));
        if (id && values[row]) {
          facts_[static_cast<size_t>(*id)].*member = *values[row];
        }
      }
    }
  };
  const auto fill_flag = [&](const char* column, auto member) {
    if (table.has(column)) {
      const auto& values = table.get<table::FlagColumn>(column);
      for (size_t row = 0; row < names.size(); ++row) {
        if (const auto id = find(text_at(names, row))) {
          facts_[static_cast<size_t>(*id)].*member = values[row];
        }
      }
    }
  };
  fill_text("country", &ImageFacts::country);
  fill_text("season", &ImageFacts::season);
  fill_text("acquisition_date", &ImageFacts::date);
  fill_flag("snow", &ImageFacts::has_snow);
  fill_flag("cloud_or_shadow", &ImageFacts::has_cloud);
}

std::optional<int64_t> Catalog::find(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Catalog::labels(int64_t id) const {
  const auto row = dataset_->labels(id);
  std::vector<std::string> names;
  for (size_t c = 0; c < row.size(); ++c) {
    if (row[c] != 0) {
      names.push_back(dataset_->class_names()[c]);
    }
  }
  return names;
}

bool Catalog::has_label(int64_t id, int64_t class_index) const {
  const auto row = dataset_->labels(id);
  return !row.empty() && row[static_cast<size_t>(class_index)] != 0;
}

int64_t Catalog::class_index(const std::string& name) const {
  const auto& names = dataset_->class_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    fail(
        ErrorCode::kNotFound,
        "the images have no class '{}'{}",
        name,
        did_you_mean(name, names));
  }
  return found - names.begin();
}

const Colouring& Catalog::colouring(const std::string& by) const {
  const std::lock_guard lock(colourings_mutex_);
  const auto found = colourings_.find(by);
  return found != colourings_.end()
             ? found->second
             : colourings_.emplace(by, make_colouring(by)).first->second;
}

Colouring Catalog::make_colouring(const std::string& by) const {
  if (by == "class") {
    return class_colouring();
  }
  if (by == "country") {
    return colouring_of(
        size(), [this](int64_t id) { return facts(id).country; });
  }
  if (by == "season") {
    return colouring_of(
        size(), [this](int64_t id) { return facts(id).season; });
  }
  NADIR_CHECK(
      by == "split",
      "colours are by class, country, season or split, not by '{}'",
      by);
  return colouring_of(
      size(), [this](int64_t id) { return dataset_->split(id); });
}

Colouring Catalog::class_colouring() const {
  Colouring colouring;
  colouring.values = dataset_->class_names();
  for (int64_t id = 0; id < size(); ++id) {
    const auto row = dataset_->labels(id);
    const auto first = std::find(row.begin(), row.end(), 1) - row.begin();
    const bool has_code = first < static_cast<int64_t>(row.size()) &&
                          first < static_cast<int64_t>(kNone);
    colouring.codes.push_back(has_code ? static_cast<uint8_t>(first) : kNone);
  }
  return colouring;
}

bool Catalog::has_footprints() const {
  return size() > 0 && !dataset_->crs().empty() &&
         dataset_->geometry_wkb(0).has_value();
}

const std::vector<std::optional<eval::Ring>>& Catalog::footprints() const {
  std::call_once(footprints_once_, [this] {
    std::vector<int64_t> ids(static_cast<size_t>(size()));
    std::iota(ids.begin(), ids.end(), 0);
    footprints_ = eval::lon_lat_rings(*dataset_, ids);
  });
  return footprints_;
}

}  // namespace nadir::dashboard
