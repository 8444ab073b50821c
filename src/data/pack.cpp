#include "data/pack.h"

#include "core/error.h"
#include "data/pack_settings.h"
#include "data/packing.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

// Index first, dataset.json last: with it the folder is a dataset.
void write_dataset(const fs::path& folder, const Packing& packing) {
  table::write_parquet(
      folder / kIndexFile, packing.index.table, packing.index.metadata);
  write_dataset_info(folder, packing.result.info);
  fs::remove(folder / kPackingFile);
}

}  // namespace

std::optional<DatasetInfo> find_packed(
    const fs::path& folder, const nlohmann::json& settings) {
  if (!fs::exists(folder / kDatasetFile)) {
    return std::nullopt;
  }
  auto info = read_dataset_info(folder);
  NADIR_CHECK(
      info.packing == settings,
      "{} holds a dataset that was packed from something else or with other "
      "options; choose another --out, or remove it",
      folder.string());
  return info;
}

PackResult pack_dataset(const PackOptions& options) {
  NADIR_ASSERT(options.part.is_whole());
  NADIR_CHECK(
      options.max_bad >= 0, "max_bad must be >= 0, got {}", options.max_bad);
  const auto settings = pack_settings(options);
  if (auto info = find_packed(options.out, settings)) {
    PackResult result;
    result.info = *std::move(info);
    result.was_complete = true;
    return result;
  }
  check_begun(options.out, settings);
  auto packing = run_packing(options, options.out, settings);
  if (packing.result.is_interrupted) {
    return std::move(packing.result);
  }
  if (packing.images.empty()) {
    fail(
        ErrorCode::kCorruptData,
        "{} holds no image that could be packed",
        options.source);
  }
  write_dataset(options.out, packing);
  return std::move(packing.result);
}

}  // namespace nadir::data
