#include "data/index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "data/index_boundaries.h"
#include "data/index_rows.h"
#include "data/labels.h"
#include "data/official_lists.h"
#include "raster/projection.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr char kMetadataFile[] = "metadata.parquet";
constexpr char kSnowCloudFile[] =
    "metadata_for_patches_with_snow_cloud_or_shadow.parquet";

std::vector<std::string> names_of(const std::vector<IndexRow>& rows) {
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const auto& row : rows) {
    names.push_back(row.name);
  }
  return names;
}

// Version 2's table, in the patches' folder or where it is unpacked from.
fs::path metadata_file(const IndexOptions& options) {
  if (!options.metadata.empty()) {
    return options.metadata;
  }
  const fs::path source = store::is_remote(options.source)
                              ? fs::path("/")
                              : fs::absolute(options.source).lexically_normal();
  for (fs::path folder = source; folder != folder.root_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / kMetadataFile)) {
      return folder / kMetadataFile;
    }
    if (folder == source.parent_path()) {
      break;
    }
  }
  fail(
      ErrorCode::kNotFound,
      "{}: these are patches of BigEarthNet v2, whose labels are in a file "
      "{}; name it with --metadata",
      options.source,
      kMetadataFile);
}

void check_labels_19(
    const fs::path& path,
    const std::string& name,
    const table::TextList& labels) {
  for (const auto& label : labels) {
    if (std::find(labels_19().begin(), labels_19().end(), label) ==
        labels_19().end()) {
      fail(
          ErrorCode::kCorruptData,
          "{}: {} has the label '{}', which is not one of the 19{}",
          path.string(),
          name,
          label,
          did_you_mean(label, labels_19()));
    }
  }
}

// Fills labels and facts of the rows that the table has.
void read_v2_table(
    const fs::path& path,
    const std::unordered_map<std::string_view, size_t>& places,
    std::vector<IndexRow>& rows,
    std::vector<OfficialFacts>& facts) {
  const table::Table table = table::read_parquet(
      path,
      {"patch_id",
       "labels",
       "split",
       "country",
       "contains_seasonal_snow",
       "contains_cloud_or_shadow"});
  const auto& names = table.get<table::TextColumn>("patch_id");
  const auto& labels = table.get<table::TextListColumn>("labels");
  const auto& splits = table.get<table::TextColumn>("split");
  const auto& countries = table.get<table::TextColumn>("country");
  const auto& snow = table.get<table::FlagColumn>("contains_seasonal_snow");
  const auto& cloud = table.get<table::FlagColumn>("contains_cloud_or_shadow");
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = places.find(names[i].value_or(""));
    if (found == places.end()) {
      continue;
    }
    const size_t place = found->second;
    if (labels[i] && !labels[i]->empty()) {
      check_labels_19(path, *names[i], *labels[i]);
      rows[place].new_labels = labels[i];
    }
    facts[place] = {
        .has_snow = snow[i],
        .has_cloud_or_shadow = cloud[i],
        .is_listed = true,
        .split = splits[i],
        .country = countries[i]};
  }
}

std::vector<OfficialFacts> facts_of_v2(
    const IndexOptions& options, std::vector<IndexRow>& rows) {
  std::vector<OfficialFacts> facts(rows.size());
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < rows.size(); ++i) {
    places.emplace(rows[i].name, i);
  }
  const fs::path path = metadata_file(options);
  read_v2_table(path, places, rows, facts);
  const fs::path more = path.parent_path() / kSnowCloudFile;
  if (fs::exists(more)) {
    read_v2_table(more, places, rows, facts);
  }
  const auto num_unlisted =
      std::count_if(facts.begin(), facts.end(), [](const auto& fact) {
        return !fact.is_listed;
      });
  if (num_unlisted > 0) {
    log_warning(
        "data",
        "{} of {} patches are not in {} and count as unlabelled",
        num_unlisted,
        rows.size(),
        path.string());
  }
  return facts;
}

void set_countries(
    const IndexOptions& options,
    const std::vector<IndexRow>& rows,
    std::vector<OfficialFacts>& facts) {
  if (!options.boundaries.empty()) {
    std::vector<std::array<double, 2>> centers;
    centers.reserve(rows.size());
    for (const auto& row : rows) {
      centers.push_back(ring_center(row.ring));
    }
    const auto names = countries_by_boundaries(
        options.boundaries, options.boundaries_attribute, centers);
    for (size_t i = 0; i < rows.size(); ++i) {
      facts[i].country = names[i];
    }
  } else if (!options.country_list.empty()) {
    const auto names = read_country_list(options.country_list, names_of(rows));
    for (size_t i = 0; i < rows.size(); ++i) {
      facts[i].country = names[i];
    }
  }
}

// Counts what is discouraged and drops it from both lists unless kept.
void drop_discouraged(
    const IndexOptions& options,
    std::vector<IndexRow>& rows,
    std::vector<OfficialFacts>& facts,
    IndexReport& report) {
  size_t num_kept = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool is_unlabelled = !rows[i].new_labels.has_value();
    report.num_snow += facts[i].has_snow ? 1 : 0;
    report.num_cloud_or_shadow += facts[i].has_cloud_or_shadow ? 1 : 0;
    report.num_unlabelled += is_unlabelled ? 1 : 0;
    const bool is_discouraged =
        facts[i].has_snow || facts[i].has_cloud_or_shadow || is_unlabelled;
    if (is_discouraged && !options.keeps_discouraged) {
      ++report.num_dropped;
      continue;
    }
    if (num_kept != i) {
      rows[num_kept] = std::move(rows[i]);
      facts[num_kept] = std::move(facts[i]);
    }
    ++num_kept;
  }
  rows.resize(num_kept);
  facts.resize(num_kept);
}

// Makes one column from f(i) for every row.
template <class Values, class Function>
table::Column column(
    const char* name, size_t num_rows, const Function& value_at) {
  Values values;
  values.reserve(num_rows);
  for (size_t i = 0; i < num_rows; ++i) {
    values.push_back(value_at(i));
  }
  return {name, std::move(values)};
}

table::Table to_table(
    std::vector<IndexRow>& rows,
    const std::vector<OfficialFacts>& facts,
    bool is_extended) {
  using table::FlagColumn;
  using table::TextColumn;
  using table::TextListColumn;
  const size_t n = rows.size();
  table::BytesColumn geometry;
  geometry.rows.reserve(n);
  for (const auto& row : rows) {
    geometry.rows.push_back(ring_wkb(row.ring));
  }
  table::Table table;
  auto& columns = table.columns;
  columns.push_back(column<TextListColumn>(
      "labels", n, [&](size_t i) { return std::move(rows[i].labels); }));
  columns.push_back(column<TextColumn>("tile_source", n, [&](size_t i) {
    return std::move(rows[i].tile_source);
  }));
  columns.push_back(column<TextColumn>("acquisition_date", n, [&](size_t i) {
    return rows[i].acquisition_date;
  }));
  columns.push_back(
      column<TextColumn>("name", n, [&](size_t i) { return rows[i].name; }));
  columns.push_back({"geometry", std::move(geometry)});
  columns.push_back(column<TextListColumn>(
      "new_labels", n, [&](size_t i) { return rows[i].new_labels; }));
  if (!is_extended) {
    return table;
  }
  columns.push_back(column<FlagColumn>(
      "snow", n, [&](size_t i) { return facts[i].has_snow; }));
  columns.push_back(column<FlagColumn>("cloud_or_shadow", n, [&](size_t i) {
    return facts[i].has_cloud_or_shadow;
  }));
  columns.push_back(column<TextColumn>(
      "original_split", n, [&](size_t i) { return facts[i].split; }));
  columns.push_back(column<TextColumn>(
      "country", n, [&](size_t i) { return facts[i].country; }));
  columns.push_back(column<TextColumn>("season", n, [&](size_t i) {
    return season_of(rows[i].acquisition_date);
  }));
  return table;
}

// minx, miny, maxx, maxy of rings as ring_wkb() writes them.
std::array<double, 4> bounds_of(const table::BytesColumn& geometry) {
  constexpr size_t kHeaderBytes = 13;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::array<double, 4> bounds = {kInfinity, kInfinity, -kInfinity, -kInfinity};
  for (const auto& wkb : geometry.rows) {
    for (size_t at = kHeaderBytes; at + 16 <= wkb.size(); at += 16) {
      std::array<double, 2> point;
      std::memcpy(point.data(), wkb.data() + at, sizeof(point));
      bounds[0] = std::min(bounds[0], point[0]);
      bounds[1] = std::min(bounds[1], point[1]);
      bounds[2] = std::max(bounds[2], point[0]);
      bounds[3] = std::max(bounds[3], point[1]);
    }
  }
  return bounds;
}

}  // namespace

Index make_index(const IndexOptions& options) {
  BadPatches bad(options.max_bad);
  IndexRows read = read_index_rows(options, bad);
  if (read.is_interrupted) {
    Index none;
    none.report.is_interrupted = true;
    return none;
  }
  std::vector<OfficialFacts> facts =
      read.is_v2
          ? facts_of_v2(options, read.rows)
          : read_official_facts(
                find_lists(options.lists, options.source), names_of(read.rows));
  Index index;
  IndexReport& report = index.report;
  report.num_in_source = read.num_in_source;
  report.num_patches = read.num_patches;
  report.num_skipped = read.num_skipped;
  report.bad = bad.list();
  drop_discouraged(options, read.rows, facts, report);
  if (options.is_extended) {
    set_countries(options, read.rows, facts);
  }
  report.num_rows = static_cast<int64_t>(read.rows.size());
  for (const auto& fact : facts) {
    report.num_without_split += fact.split ? 0 : 1;
    report.num_without_country += fact.country ? 0 : 1;
  }
  index.table = to_table(read.rows, facts, options.is_extended);
  return index;
}

void check_index_output(const fs::path& path, const std::string& source) {
  std::error_code error;
  NADIR_CHECK(
      !fs::equivalent(path, source, error),
      "--out {} is the source itself; choose another file",
      path.string());
  check_writable_file(path);
}

void write_index(
    const fs::path& path, const table::Table& table, table::Metadata metadata) {
  const auto& geometry = table.get<table::BytesColumn>("geometry");
  nlohmann::json column = {
      {"encoding", "WKB"},
      {"crs", parse_json(raster::projjson(raster::kIndexCrs))},
      {"geometry_types", {"Polygon"}}};
  if (!geometry.rows.empty()) {
    column["bbox"] = bounds_of(geometry);
  }
  const nlohmann::json geo = {
      {"version", "1.1.0"},
      {"primary_column", "geometry"},
      {"columns", {{"geometry", column}}}};
  metadata["geo"] = json_text(geo);
  table::write_parquet(path, table, metadata);
}

}  // namespace nadir::data
