#include "data/subset.h"

#include <algorithm>
#include <fstream>
#include <unordered_set>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/signals.h"
#include "data/bigearthnet_dataset.h"
#include "data/catalog.h"
#include "data/index_catalog.h"
#include "data/patch_name.h"
#include "data/patch_source.h"
#include "table/parquet.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

constexpr char kPixelsFolder[] = "data_rgb";

// Not synchronised one by one: there may be millions.
void write_small_file(const fs::path& path, const std::string& bytes) {
  std::error_code error;
  if (fs::exists(path) && fs::file_size(path, error) == bytes.size() &&
      read_file(path) == bytes) {
    return;
  }
  const fs::path temporary = path.string() + ".tmp";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) {
    fs::rename(temporary, path, error);
  }
  if (!file || error) {
    fail(ErrorCode::kIo, "cannot write {}", path.string());
  }
}

std::vector<std::string> checked_bands(const std::vector<std::string>& wanted) {
  std::vector<std::string> all;
  for (const auto& band : kPatchBands) {
    all.emplace_back(band.name);
  }
  std::vector<std::string> bands;
  for (const size_t place : choose_bands(wanted, all)) {
    bands.push_back(all[place]);
  }
  return bands;
}

std::string problem_of(
    const PatchFiles& patch, const std::vector<std::string>& bands) {
  if (!patch.problem.empty()) {
    return patch.problem;
  }
  for (const auto& band : bands) {
    const auto file = patch.bands.find(band);
    const std::string problem = file == patch.bands.end()
                                    ? "band " + band + " is missing"
                                    : band_problem(band, file->second);
    if (!problem.empty()) {
      return problem;
    }
  }
  return "";
}

// Rows of the patches that were copied, in the index's order.
void write_rows(
    const std::string& index,
    const fs::path& out,
    const std::unordered_set<std::string>& copied) {
  const auto table = table::read_parquet(index);
  const bool is_v2 = table.has("patch_id");
  const auto& names = table.get<table::TextColumn>(is_v2 ? "patch_id" : "name");
  std::vector<int64_t> rows;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] && copied.contains(*names[i])) {
      rows.push_back(static_cast<int64_t>(i));
    }
  }
  table::write_parquet(
      out / kSubsetIndex,
      table_rows(table, rows),
      table::read_parquet_metadata(index));
}

}  // namespace

SubsetResult copy_subset(const SubsetOptions& options) {
  const auto bands = checked_bands(options.bands);
  const std::string index =
      options.index.empty() ? index_beside(options.source) : options.index;
  std::unordered_set<std::string> wanted;
  std::error_code error;
  NADIR_CHECK(
      index.empty() ||
          !fs::equivalent(index, options.out / kSubsetIndex, error),
      "{} is read, and would be replaced by the rows that are copied; choose "
      "another --out",
      index);
  if (!index.empty()) {
    const Catalog catalog = read_bigearthnet_catalog(index);
    wanted.insert(catalog.names.begin(), catalog.names.end());
  }
  auto patches = open_patch_source(
      options.source,
      {.bands = bands, .needs_metadata = false, .remote = options.remote});
  SubsetResult result;
  BadPatches bad(options.max_bad);
  std::unordered_set<std::string> met;  // bad ones included
  std::unordered_set<std::string> copied;
  Progress progress("copying", patches->count().value_or(-1), "patches");
  while (auto patch = patches->next()) {
    progress.advance();
    if (!index.empty() && !wanted.contains(patch->name)) {
      ++result.num_unlisted;
      continue;
    }
    met.insert(patch->name);
    std::string problem = problem_of(*patch, bands);
    if (problem.empty() && !copied.insert(patch->name).second) {
      problem = "is there twice";
    }
    if (!problem.empty()) {
      bad.add(patch->name, problem);
      bad.check();
      continue;
    }
    const fs::path folder = options.out / kPixelsFolder / patch->name;
    make_folder(folder);
    for (const auto& band : bands) {
      const auto& bytes = patch->bands.at(band);
      write_small_file(folder / band_file_name(patch->name, band), bytes);
      result.num_bytes += static_cast<int64_t>(bytes.size());
    }
    if (caught_signal() != 0) {
      result.is_interrupted = true;
      return result;
    }
  }
  result.num_copied = static_cast<int64_t>(copied.size());
  result.num_missing = static_cast<int64_t>(
      std::count_if(wanted.begin(), wanted.end(), [&](const auto& name) {
        return !met.contains(name);
      }));
  if (!index.empty()) {
    write_rows(index, options.out, copied);
  }
  result.bad = bad.list();
  return result;
}

}  // namespace nadir::data
