#include "data/pack_settings.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "data/bigearthnet_dataset.h"
#include "data/dataset_info.h"

namespace nadir::data {
namespace fs = std::filesystem;

void check_is_utf8(const std::string& name) {
  try {
    (void)nlohmann::json(name).dump();
  } catch (const nlohmann::json::exception&) {
    fail(
        ErrorCode::kInvalidArgument,
        "the name '{}' is not UTF-8 and cannot be packed; rename the file or "
        "folder (convmv does it for whole folders)",
        name);
  }
}

nlohmann::json pack_settings(const PackOptions& options) {
  const std::string index =
      options.index.empty() ? index_beside(options.source) : options.index;
  const bool has_index = !index.empty() && fs::exists(index);
  std::error_code error;
  const bool is_remote = store::is_remote(options.source);
  const fs::path source = is_remote
                              ? fs::path(options.source)
                              : fs::weakly_canonical(options.source, error);
  check_is_utf8(source.filename().string());
  return {
      {"source", source.filename().string()},
      {"source_bytes",
       is_remote ? options.remote->open(options.source)->num_bytes()
       : fs::is_regular_file(source, error)
           ? static_cast<int64_t>(fs::file_size(source, error))
           : 0},
      {"index_sha256",
       has_index ? file_hash_hex(Hasher::Kind::kSha256, index) : ""},
      {"bands", options.bands},
      {"dtype", options.type}};
}

void check_begun(const fs::path& folder, const nlohmann::json& settings) {
  const fs::path packing = folder / kPackingFile;
  if (fs::exists(packing)) {
    const auto begun = parse_json_or_discard(read_file(packing));
    NADIR_CHECK(
        begun == settings,
        "{} holds an unfinished packing of something else or with other "
        "options; choose another --out, or remove it",
        folder.string());
    log_info("data", "going on with the packing in {}", folder.string());
  } else {
    NADIR_CHECK(
        !fs::exists(folder) || fs::is_empty(folder),
        "{} is there and is no dataset; choose another --out",
        folder.string());
  }
}

}  // namespace nadir::data
