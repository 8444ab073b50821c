#include "data/index_parts.h"

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "data/index_catalog.h"
#include "data/part_set.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr char kIndexKind[] = "index";

// Hosts may have the same files at different paths: names are compared.
std::string name_of_file(const std::string& path) {
  if (store::is_remote(path)) {
    return fs::path(path).filename().string();
  }
  std::error_code error;
  return fs::weakly_canonical(path, error).filename().string();
}

// What decides the result.
nlohmann::json index_settings(const IndexOptions& options) {
  std::error_code error;
  return {
      {"source", name_of_file(options.source)},
      {"source_bytes",
       store::is_remote(options.source)
           ? options.remote->open(options.source)->num_bytes()
       : fs::is_regular_file(options.source, error)
           ? static_cast<int64_t>(fs::file_size(options.source, error))
           : 0},
      {"lists", options.lists.empty() ? "" : name_of_file(options.lists)},
      {"metadata",
       options.metadata.empty() ? "" : name_of_file(options.metadata)},
      {"boundaries",
       options.boundaries.empty() ? "" : name_of_file(options.boundaries)},
      {"boundaries_attribute", options.boundaries_attribute},
      {"country_list",
       options.country_list.empty() ? "" : name_of_file(options.country_list)},
      {"extended", options.is_extended},
      {"keep_discouraged", options.keeps_discouraged}};
}

nlohmann::json content_of(const IndexReport& report, int64_t max_bad) {
  auto bad = nlohmann::json::array();
  for (const auto& patch : report.bad) {
    bad.push_back({{"name", patch.name}, {"problem", patch.problem}});
  }
  return {
      {"max_bad", max_bad},
      {"in_source", report.num_in_source},
      {"patches", report.num_patches},
      {"rows", report.num_rows},
      {"skipped", report.num_skipped},
      {"snow", report.num_snow},
      {"cloud_or_shadow", report.num_cloud_or_shadow},
      {"unlabelled", report.num_unlabelled},
      {"dropped", report.num_dropped},
      {"without_split", report.num_without_split},
      {"without_country", report.num_without_country},
      {"bad", bad}};
}

// Adds what a part says of itself to the report of the whole.
void add_content(const nlohmann::json& content, IndexReport& report) {
  const auto count = [&](const char* key) {
    return content.at(key).get<int64_t>();
  };
  // Every part has met the whole source.
  report.num_in_source = count("in_source");
  report.num_skipped = count("skipped");
  report.num_patches += count("patches");
  report.num_rows += count("rows");
  report.num_snow += count("snow");
  report.num_cloud_or_shadow += count("cloud_or_shadow");
  report.num_unlabelled += count("unlabelled");
  report.num_dropped += count("dropped");
  report.num_without_split += count("without_split");
  report.num_without_country += count("without_country");
  const auto& bad = content.at("bad");
  for (const auto& patch : bad) {
    report.bad.push_back(
        {patch.at("name").get<std::string>(),
         patch.at("problem").get<std::string>()});
  }
}

table::Table sorted_by_name(const table::Table& table) {
  const auto& names = table.get<table::TextColumn>("name");
  std::vector<int64_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return names[static_cast<size_t>(a)] < names[static_cast<size_t>(b)];
  });
  return table_rows(table, order);
}

IndexReport merged_report(
    const std::vector<PartHeader>& headers,
    const std::vector<fs::path>& paths,
    int64_t max_bad) {
  IndexReport report;
  for (size_t i = 0; i < headers.size(); ++i) {
    try {
      const auto& content = headers[i].content;
      const auto in_source = content.at("in_source").get<int64_t>();
      NADIR_CHECK(
          i == 0 || in_source == report.num_in_source,
          "{} was made of a source of {} patches, {} of one of {}; make them "
          "of the same source",
          paths[0].string(),
          report.num_in_source,
          paths[i].string(),
          in_source);
      add_content(content, report);
      max_bad = std::max(max_bad, content.at("max_bad").get<int64_t>());
    } catch (const nlohmann::json::exception& error) {
      fail(
          ErrorCode::kCorruptData,
          "{} is no part of an index: {}",
          paths[i].string(),
          error.what());
    }
  }
  std::sort(
      report.bad.begin(),
      report.bad.end(),
      [](const BadPatch& a, const BadPatch& b) { return a.name < b.name; });
  BadPatches all_bad(max_bad);
  for (const auto& patch : report.bad) {
    all_bad.add(patch.name, patch.problem);
  }
  all_bad.check();
  return report;
}

// Writes the whole index from its parts.
IndexReport put_together(
    const fs::path& out,
    const std::vector<PartHeader>& headers,
    const std::vector<fs::path>& paths,
    int64_t max_bad) {
  NADIR_CHECK(
      headers.front().kind == kIndexKind,
      "{} is a part of '{}', not of an index",
      paths.front().string(),
      headers.front().kind);
  IndexReport report = merged_report(headers, paths, max_bad);
  table::Table table = table::read_parquet(paths.front());
  for (size_t i = 1; i < paths.size(); ++i) {
    table::append_rows(table, table::read_parquet(paths[i]));
  }
  write_index(out, sorted_by_name(table));
  return report;
}

}  // namespace

IndexPartResult make_index_part(
    const fs::path& out, const IndexOptions& options) {
  const auto parts = PartSet::of_file(out);
  const auto settings = index_settings(options);
  const fs::path path = parts.path(options.part);
  IndexPartResult result;
  result.was_complete = parts.check_before(options.part, kIndexKind, settings);
  if (!result.was_complete) {
    const Index index = make_index(options);
    result.report = index.report;
    if (index.report.is_interrupted) {
      return result;
    }
    const PartHeader header = {
        kIndexKind,
        options.part,
        settings,
        content_of(index.report, options.max_bad)};
    write_index(path, index.table, {{kPartKey, json_text(to_json(header))}});
  }
  const auto outcome =
      parts.merge_if_complete([&](const auto& headers, const auto& paths) {
        result.report = put_together(out, headers, paths, options.max_bad);
      });
  result.is_merged = outcome.is_merged;
  result.missing = outcome.missing;
  return result;
}

IndexReport merge_index_parts(const fs::path& out, int64_t max_bad) {
  IndexReport report;
  PartSet::of_file(out).merge([&](const auto& headers, const auto& paths) {
    report = put_together(out, headers, paths, max_bad);
  });
  return report;
}

}  // namespace nadir::data
