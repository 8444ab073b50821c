#include "eval/image_groups.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_map>

#include "core/config.h"
#include "core/error.h"
#include "table/parquet.h"

namespace nadir::eval {
namespace {

using Texts = std::unordered_map<std::string, std::string>;  // by image

Texts splits_of(const data::Dataset& dataset) {
  Texts texts;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    texts.emplace(dataset.name(i), dataset.split(i));
  }
  return texts;
}

Texts rarest_classes_of(const data::Dataset& dataset) {
  const auto& classes = dataset.class_names();
  std::vector<int64_t> counts(classes.size(), 0);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const auto labels = dataset.labels(i);
    for (size_t c = 0; c < labels.size(); ++c) {
      counts[c] += labels[c];
    }
  }
  Texts texts;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const auto labels = dataset.labels(i);
    size_t rarest = classes.size();
    for (size_t c = 0; c < labels.size(); ++c) {
      if (labels[c] != 0 &&
          (rarest == classes.size() || counts[c] < counts[rarest])) {
        rarest = c;
      }
    }
    if (rarest < classes.size()) {
      texts.emplace(dataset.name(i), classes[rarest]);
    }
  }
  return texts;
}

Texts index_column(
    const std::string& data,
    const std::string& index,
    const std::string& column) {
  const auto path = index.empty()
                        ? std::filesystem::path(data) / "index.parquet"
                        : std::filesystem::path(index);
  NADIR_CHECK(
      std::filesystem::exists(path),
      "colour {} needs an index with that column, and {} is not there; name "
      "one with --index",
      column,
      path.string());
  const auto table = table::read_parquet(path, {"name", column});
  const auto& names = table.get<table::TextColumn>("name");
  const auto& values = table.get<table::TextColumn>(column);
  Texts texts;
  for (size_t i = 0; i < names.size(); ++i) {
    texts.emplace(names[i].value_or(""), values[i].value_or(""));
  }
  return texts;
}

Texts texts_of(
    const data::Dataset& dataset,
    const std::string& data,
    const std::string& index,
    const std::string& grouping) {
  if (grouping == "class") {
    return rarest_classes_of(dataset);
  }
  return grouping == "split" ? splits_of(dataset)
                             : index_column(data, index, grouping);
}

}  // namespace

const std::vector<std::string>& grouping_names() {
  static const std::vector<std::string> names = {
      "class", "country", "season", "split"};
  return names;
}

ImageGroups group_images(
    const std::vector<std::string>& names,
    const data::Dataset& dataset,
    const std::string& data,
    const std::string& index,
    const std::string& grouping) {
  const auto& known = grouping_names();
  NADIR_CHECK(
      std::find(known.begin(), known.end(), grouping) != known.end(),
      "colour must be class, country, season or split, got '{}'{}",
      grouping,
      did_you_mean(grouping, known));
  const auto texts = texts_of(dataset, data, index, grouping);
  std::map<std::string, int64_t> counts;
  for (const auto& name : names) {
    const auto found = texts.find(name);
    if (found != texts.end() && !found->second.empty()) {
      ++counts[found->second];
    }
  }
  NADIR_CHECK(
      !counts.empty(),
      "{} says of none of the {} images what its {} is",
      dataset.description(),
      names.size(),
      grouping);
  ImageGroups groups;
  for (const auto& [text, count] : counts) {
    groups.names.push_back(text);
  }
  std::stable_sort(
      groups.names.begin(),
      groups.names.end(),
      [&](const auto& a, const auto& b) { return counts[a] > counts[b]; });
  std::map<std::string, int64_t> places;
  for (const auto& text : groups.names) {
    groups.sizes.push_back(counts[text]);
    places.emplace(text, static_cast<int64_t>(places.size()));
  }
  for (const auto& name : names) {
    const auto found = texts.find(name);
    const auto place =
        found == texts.end() ? places.end() : places.find(found->second);
    groups.group_of.push_back(place == places.end() ? -1 : place->second);
  }
  return groups;
}

}  // namespace nadir::eval
