#include "container/model_archive.h"

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "data/archive_entries.h"
#include "store/byte_source.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

// Of one file: the largest backbones are a few GiB.
constexpr int64_t kMaxFileBytes = int64_t{16} << 30;

bool is_inside(const fs::path& name) {
  return !name.empty() && !name.is_absolute() &&
         std::find(name.begin(), name.end(), "..") == name.end();
}

[[noreturn]] void refuse_entry(
    const fs::path& archive, const std::string& name, const char* why) {
  fail(
      ErrorCode::kCorruptData,
      "{}: the entry '{}' {}; a model's archive holds files in folders",
      archive.string(),
      name,
      why);
}

}  // namespace

bool is_model_archive(const fs::path& path) {
  return fs::is_regular_file(path) && data::is_archive(path) &&
         !data::is_zip(path);
}

void unpack_model_archive(const fs::path& archive, const fs::path& folder) {
  const auto entries = data::open_archive(store::open_file(archive), true);
  data::ArchiveEntry entry;
  while (entries->next(entry)) {
    const fs::path name = fs::path(entry.path).lexically_normal();
    if (!is_inside(entry.path)) {
      refuse_entry(archive, entry.path, "would lie outside");
    }
    if (entry.kind == data::EntryKind::kFolder) {
      make_folder(folder / name);
    } else if (entry.kind == data::EntryKind::kFile) {
      const auto bytes = entries->read(kMaxFileBytes);
      if (!bytes) {
        refuse_entry(archive, entry.path, "is larger than 16 GiB");
      }
      write_file(folder / name, *bytes);
    } else {
      refuse_entry(archive, entry.path, "is a link or no file");
    }
  }
}

}  // namespace nadir::container
