#include "data/index_catalog.h"

#include <algorithm>
#include <map>
#include <type_traits>
#include <unordered_set>

#include "core/config.h"
#include "core/error.h"
#include "data/labels.h"
#include "table/parquet.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void set_names(
    Catalog& catalog, const table::TextColumn& names, const fs::path& path) {
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i]) {
      fail(ErrorCode::kCorruptData, "{}: row {} has no name", path.string(), i);
    }
    if (!seen.insert(*names[i]).second) {
      fail(
          ErrorCode::kCorruptData,
          "{}: {} is there twice",
          path.string(),
          *names[i]);
    }
    catalog.names.push_back(*names[i]);
  }
}

void set_splits(
    Catalog& catalog, const table::TextColumn& splits, const fs::path& path) {
  for (size_t i = 0; i < splits.size(); ++i) {
    const auto split = splits[i] && !splits[i]->empty()
                           ? parse_split(*splits[i])
                           : Split::kNone;
    if (!split) {
      fail(
          ErrorCode::kCorruptData,
          "{}: {} is in the split '{}', which is none of train, validation "
          "and test",
          path.string(),
          catalog.names[i],
          *splits[i]);
    }
    catalog.splits[i] = *split;
  }
}

void set_labels(
    Catalog& catalog,
    const table::TextListColumn& labels,
    const std::vector<std::string>& class_names,
    const fs::path& path) {
  std::map<std::string_view, size_t> places;
  for (size_t c = 0; c < class_names.size(); ++c) {
    places[class_names[c]] = c;
  }
  catalog.class_names = class_names;
  catalog.labels.assign(labels.size() * class_names.size(), 0);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (!labels[i]) {
      continue;
    }
    for (const auto& label : *labels[i]) {
      const auto found = places.find(label);
      if (found == places.end()) {
        fail(
            ErrorCode::kCorruptData,
            "{}: {} has the label '{}', which is no class{}",
            path.string(),
            catalog.names[i],
            label,
            did_you_mean(label, class_names));
      }
      catalog.labels[i * class_names.size() + found->second] = 1;
    }
  }
}

// The rows of one column's values, whatever their type.
template <class Values>
Values rows_of(const Values& values, std::span<const int64_t> rows) {
  Values result;
  if constexpr (std::is_same_v<Values, table::BytesColumn>) {
    for (const int64_t row : rows) {
      result.rows.push_back(values.rows[static_cast<size_t>(row)]);
    }
  } else if constexpr (std::is_same_v<Values, table::FloatRowsColumn>) {
    result.width = values.width;
    for (const int64_t row : rows) {
      const auto begin = values.values.begin() + row * values.width;
      result.values.insert(result.values.end(), begin, begin + values.width);
    }
  } else {
    for (const int64_t row : rows) {
      result.push_back(values[static_cast<size_t>(row)]);
    }
  }
  return result;
}

}  // namespace

Catalog read_index_catalog(
    const fs::path& path,
    const IndexColumns& columns,
    const std::vector<std::string>& class_names) {
  const auto present = table::read_parquet_columns(path);
  std::vector<std::string> wanted = {columns.name};
  for (const std::string& column :
       {columns.labels, columns.split, std::string("geometry")}) {
    if (!column.empty() && contains(present, column)) {
      wanted.push_back(column);
    }
  }
  const auto table = table::read_parquet(path, wanted);
  Catalog catalog;
  catalog.is_multi_label = true;
  set_names(catalog, table.get<table::TextColumn>(columns.name), path);
  catalog.splits.assign(catalog.names.size(), Split::kNone);
  if (table.has(columns.split)) {
    set_splits(catalog, table.get<table::TextColumn>(columns.split), path);
  }
  if (!columns.labels.empty()) {
    set_labels(
        catalog,
        table.get<table::TextListColumn>(columns.labels),
        class_names,
        path);
  }
  if (table.has("geometry")) {
    catalog.geometry = table.get<table::BytesColumn>("geometry").rows;
    catalog.crs = "EPSG:3035";
  }
  return catalog;
}

Catalog read_bigearthnet_catalog(const fs::path& path) {
  const auto present = table::read_parquet_columns(path);
  if (contains(present, "patch_id")) {
    return read_index_catalog(
        path,
        {.name = "patch_id", .labels = "labels", .split = "split"},
        labels_19());
  }
  NADIR_CHECK(
      contains(present, "new_labels"),
      "{} has no column new_labels (the 19 classes); make the index with "
      "`nadir data index`, without --no-extend",
      path.string());
  return read_index_catalog(path, {}, labels_19());
}

table::Table table_rows(
    const table::Table& table, std::span<const int64_t> rows) {
  table::Table result;
  for (const auto& column : table.columns) {
    std::visit(
        [&](const auto& values) {
          result.columns.push_back({column.name, rows_of(values, rows)});
        },
        column.values);
  }
  return result;
}

}  // namespace nadir::data
