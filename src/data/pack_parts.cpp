#include "data/pack_parts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "data/bad_patches.h"
#include "data/pack_settings.h"
#include "data/packing.h"
#include "data/part_set.h"
#include "data/shards.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr char kDatasetKind[] = "dataset";
// Columns of a part's index that the whole one does not have.
constexpr char kImageColumn[] = "nadir_image";
constexpr char kHashColumn[] = "nadir_blob_sha256";

// Index first, part.json last: with it the part is complete.
void write_part(
    const fs::path& folder, const PackOptions& options, Packing& packing) {
  table::TextColumn names;
  table::TextColumn hashes;
  for (const auto& image : packing.images) {
    names.emplace_back(image.name);
    hashes.emplace_back(image.sha256);
  }
  auto& table = packing.index.table;
  table.columns.push_back({kImageColumn, std::move(names)});
  table.columns.push_back({kHashColumn, std::move(hashes)});
  table::write_parquet(folder / kIndexFile, table, packing.index.metadata);
  auto counters = nlohmann::json::array();
  for (const auto& counter : packing.counters) {
    counters.push_back(counter.to_json());
  }
  const auto& result = packing.result;
  const PartHeader header = {
      kDatasetKind,
      options.part,
      result.info.packing,
      {{"dataset", to_json(result.info)},
       {"in_catalog", packing.num_in_catalog},
       {"max_bad", options.max_bad},
       {"packed", result.num_packed},
       {"resumed", result.num_resumed},
       {"unlisted", result.num_unlisted},
       {"environments", count_environments(folder / kShardsFolder)},
       {"counters", std::move(counters)}}};
  write_file(folder / kPartFile, json_text(to_json(header)) + "\n");
  fs::remove(folder / kPackingFile);
}

// What the parts say of themselves, added up.
struct Whole {
  PackResult result;
  std::vector<BandCounter> counters;
  std::vector<int64_t> environments;  // a number a part
  int64_t num_in_catalog = 0;
  int64_t max_bad = 0;

  // Sizes are known while those of all parts agree.
  void add_bands(const std::vector<BandInfo>& bands) {
    auto& sum = result.info.bands;
    if (sum.empty()) {
      sum = bands;
      return;
    }
    bool is_one_size = true;
    for (size_t b = 0; b < sum.size(); ++b) {
      is_one_size = is_one_size && bands.at(b).height == sum[b].height &&
                    bands[b].width == sum[b].width;
    }
    for (auto& band : sum) {
      band.height = is_one_size ? band.height : 0;
      band.width = is_one_size ? band.width : 0;
    }
  }

  void add(const nlohmann::json& content) {
    auto info = dataset_info_from_json(content.at("dataset"));
    const auto in_catalog = content.at("in_catalog").get<int64_t>();
    auto& sum = result.info;
    if (environments.empty()) {
      sum = info;
      sum.bands.clear();
      sum.counts.clear();
      sum.problems.clear();
      num_in_catalog = in_catalog;
    }
    NADIR_CHECK(
        in_catalog == num_in_catalog && info.class_names == sum.class_names &&
            info.statistics_split == sum.statistics_split &&
            info.band_names() == sum.statistics.bands,
        "it was made of another source than the part before: {} images with "
        "{} classes there, {} with {} here",
        num_in_catalog,
        sum.class_names.size(),
        in_catalog,
        info.class_names.size());
    if (info.counts.at("all") > 0) {
      add_bands(info.bands);
    }
    for (const auto& [split, count] : info.counts) {
      sum.counts[split] += count;
    }
    sum.problems.insert(
        sum.problems.end(), info.problems.begin(), info.problems.end());
    const auto& of_part = content.at("counters");
    counters.resize(of_part.size());
    for (size_t b = 0; b < of_part.size(); ++b) {
      counters[b].merge(BandCounter::from_json(of_part[b]));
    }
    result.num_packed += content.at("packed").get<int64_t>();
    result.num_resumed += content.at("resumed").get<int64_t>();
    result.num_unlisted += content.at("unlisted").get<int64_t>();
    environments.push_back(content.at("environments").get<int64_t>());
    max_bad = std::max(max_bad, content.at("max_bad").get<int64_t>());
  }

  void check_bad(int64_t also_tolerated) const {
    BadPatches all_bad(std::max(max_bad, also_tolerated));
    for (const auto& problem : result.info.problems) {
      const size_t colon = std::min(problem.find(": "), problem.size() - 2);
      all_bad.add(problem.substr(0, colon), problem.substr(colon + 2));
    }
    all_bad.check();
  }
};

Whole add_up(
    const std::vector<PartHeader>& headers,
    const std::vector<fs::path>& paths) {
  Whole whole;
  for (size_t i = 0; i < headers.size(); ++i) {
    NADIR_CHECK(
        headers[i].kind == kDatasetKind,
        "{} is a part of '{}', not of a dataset",
        paths[i].string(),
        headers[i].kind);
    try {
      whole.add(headers[i].content);
    } catch (const Error& error) {
      throw Error(
          error.code(), fmt::format("{}: {}", paths[i].string(), error.what()));
    } catch (const std::exception& error) {
      fail(
          ErrorCode::kCorruptData,
          "{} is no part of a dataset: {}",
          paths[i].string(),
          error.what());
    }
  }
  auto& problems = whole.result.info.problems;
  std::sort(problems.begin(), problems.end());
  return whole;
}

// The parts' indexes behind each other, and the images' hashes.
IndexTable read_index_parts(
    const std::vector<fs::path>& paths, std::vector<StoredImage>& images) {
  IndexTable index;
  for (const auto& path : paths) {
    auto table = table::read_parquet(path / kIndexFile);
    if (index.table.columns.empty()) {
      index.table = std::move(table);
      index.metadata = table::read_parquet_metadata(path / kIndexFile);
    } else {
      table::append_rows(index.table, std::move(table));
    }
  }
  const auto& names = index.table.get<table::TextColumn>(kImageColumn);
  const auto& hashes = index.table.get<table::TextColumn>(kHashColumn);
  for (size_t i = 0; i < names.size(); ++i) {
    images.push_back({names[i].value_or(""), hashes[i].value_or("")});
  }
  std::erase_if(index.table.columns, [](const table::Column& column) {
    return column.name == kImageColumn || column.name == kHashColumn;
  });
  return index;
}

// Gives the parts' shards their places in the dataset. What an interrupted
// call has moved is found there.
void move_shards(
    const fs::path& out,
    const std::vector<fs::path>& parts,
    const std::vector<int64_t>& environments) {
  make_folder(out / kShardsFolder);
  int64_t place = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    for (int64_t e = 0; e < environments[p]; ++e, ++place) {
      const fs::path from = environment_path(parts[p] / kShardsFolder, e);
      const fs::path to = environment_path(out / kShardsFolder, place);
      const bool is_there = fs::exists(to);
      NADIR_CHECK(
          !is_there || !fs::exists(from),
          "{} is there already, and {} would take its place; remove what is "
          "not wanted",
          to.string(),
          from.string());
      if (!is_there && !fs::exists(from)) {
        fail(
            ErrorCode::kNotFound,
            "{} is missing; copy the whole part",
            from.string());
      }
      if (!is_there) {
        fs::rename(from, to);
      }
    }
  }
  sync_to_disk(out / kShardsFolder);
}

PackResult put_dataset_together(
    const fs::path& out,
    const std::vector<PartHeader>& headers,
    const std::vector<fs::path>& paths,
    int64_t max_bad) {
  (void)find_packed(out, headers.front().settings);  // refuses another one
  Whole whole = add_up(headers, paths);
  whole.check_bad(max_bad);
  std::vector<StoredImage> images;
  const auto index = read_index_parts(paths, images);
  if (images.empty()) {
    fail(
        ErrorCode::kCorruptData,
        "the parts in {} hold no image that could be packed",
        out.string());
  }
  auto& info = whole.result.info;
  info.statistics = statistics_of(info.statistics.bands, whole.counters);
  info.content_sha256 = content_sha256(images);
  move_shards(out, paths, whole.environments);
  table::write_parquet(out / kIndexFile, index.table, index.metadata);
  write_dataset_info(out, info);
  return std::move(whole.result);
}

// Refuses a folder that holds something else than parts of a packing.
void check_part_folder(const fs::path& out, const PartSet& parts) {
  NADIR_CHECK(
      !fs::exists(out / kPackingFile),
      "{} holds an unfinished packing by one process; go on with it without "
      "--part (--part 1/1 under an engine), or remove it",
      out.string());
  NADIR_CHECK(
      // In this order: another part's folder may come at any moment.
      !fs::exists(out) || fs::is_empty(out) || parts.find().count > 0,
      "{} is there and is no dataset; choose another --out",
      out.string());
}

}  // namespace

PackPartResult pack_dataset_part(const PackOptions& options) {
  NADIR_CHECK(
      options.max_bad >= 0, "max_bad must be >= 0, got {}", options.max_bad);
  const auto parts = PartSet::of_folder(options.out);
  const auto settings = pack_settings(options);
  PackPartResult result;
  if (auto info = find_packed(options.out, settings)) {
    result.pack.info = *std::move(info);
    result.pack.was_complete = true;
    return result;
  }
  check_part_folder(options.out, parts);
  result.was_complete =
      parts.check_before(options.part, kDatasetKind, settings);
  if (!result.was_complete) {
    const fs::path folder = parts.path(options.part);
    check_begun(folder, settings);
    auto packing = run_packing(options, folder, settings);
    result.pack = packing.result;
    if (packing.result.is_interrupted) {
      return result;
    }
    write_part(folder, options, packing);
  }
  const auto outcome =
      parts.merge_if_complete([&](const auto& headers, const auto& paths) {
        result.pack =
            put_dataset_together(options.out, headers, paths, options.max_bad);
      });
  result.is_merged = outcome.is_merged;
  result.missing = outcome.missing;
  return result;
}

PackResult merge_dataset_parts(const fs::path& out, int64_t max_bad) {
  PackResult result;
  PartSet::of_folder(out).merge([&](const auto& headers, const auto& paths) {
    result = put_dataset_together(out, headers, paths, max_bad);
  });
  return result;
}

}  // namespace nadir::data
