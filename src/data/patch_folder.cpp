#include "data/patch_folder.h"

#include <algorithm>
#include <tuple>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "data/patch_name.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 3;

// Folders of the v2 archive whose subfolders have patch names but hold no
// Sentinel-2 bands.
bool is_other_data(const std::string& name) {
  return name == "Reference_Maps" || name.starts_with("BigEarthNet-S1") ||
         name.starts_with('.');
}

struct FoundPatch {
  std::string name;
  fs::path folder;
};

struct Search {
  std::vector<FoundPatch> patches;
  int64_t num_skipped = 0;

  // Returns whether a patch was found in `folder`.
  bool visit(const fs::path& folder, int depth) {
    bool has_patch = false;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      std::error_code no_folder;  // a link that leads nowhere
      if (!entry.is_directory(no_folder)) {
        continue;
      }
      std::string name = entry.path().filename().string();
      if (patch_layout(name)) {
        patches.push_back({std::move(name), entry.path()});
        has_patch = true;
      } else if (is_other_data(name)) {
        continue;
      } else if (depth < kMaxDepth && visit(entry.path(), depth + 1)) {
        has_patch = true;
      } else {
        ++num_skipped;
      }
    }
    if (error) {
      fail(
          ErrorCode::kIo,
          "cannot list {}: {}",
          folder.string(),
          error.message());
    }
    return has_patch;
  }
};

class PatchFolder : public PatchSource {
 public:
  PatchFolder(Search search, PatchSourceOptions options)
      : search_(std::move(search)), options_(std::move(options)) {}

  std::optional<PatchFiles> next() override {
    while (next_ < search_.patches.size() && options_.wants &&
           !options_.wants(
               search_.patches[next_].name, static_cast<int64_t>(next_))) {
      ++next_;
    }
    if (next_ == search_.patches.size()) {
      return std::nullopt;
    }
    const FoundPatch& patch = search_.patches[next_++];
    PatchFiles files;
    files.name = patch.name;
    if (next_ > 1 && search_.patches[next_ - 2].name == patch.name) {
      files.problem = "is there twice, again in " + patch.folder.string();
      return files;
    }
    std::vector<std::string> problems;
    if (options_.needs_metadata &&
        patch_layout(patch.name) == PatchLayout::kV1) {
      files.metadata_json =
          read(patch.folder / metadata_file_name(patch.name), problems);
    }
    for (const auto& band : options_.bands) {
      files.bands[band] =
          read(patch.folder / band_file_name(patch.name, band), problems);
    }
    files.problem = join(problems, "; ");
    return files;
  }

  [[nodiscard]] std::optional<int64_t> count() const override {
    return static_cast<int64_t>(search_.patches.size());
  }

  [[nodiscard]] int64_t bytes_read() const override { return 0; }

  [[nodiscard]] int64_t bytes_total() const override { return 0; }

  [[nodiscard]] int64_t num_skipped() const override {
    return search_.num_skipped;
  }

 private:
  static std::string read(
      const fs::path& path, std::vector<std::string>& problems) {
    const std::string name = path.filename().string();
    try {
      std::error_code error;
      const auto size = fs::file_size(path, error);
      if (!error && size > static_cast<uintmax_t>(kMaxPatchFileBytes)) {
        problems.push_back(too_large_problem(name));
        return "";
      }
      std::string bytes = read_file(path);
      if (bytes.empty()) {
        problems.push_back(name + " is empty");
      }
      return bytes;
    } catch (const Error& error) {
      problems.push_back(
          error.code() == ErrorCode::kNotFound ? name + " is missing"
                                               : std::string(error.what()));
      return "";
    }
  }

  Search search_;
  PatchSourceOptions options_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<PatchSource> open_patch_folder(
    const fs::path& path, const PatchSourceOptions& options) {
  Search search;
  search.visit(path, 1);
  if (search.patches.empty()) {
    fail(
        ErrorCode::kInvalidArgument,
        "{}: holds no BigEarthNet patches (folders named as "
        "S2A_MSIL2A_20170613T101031_87_48); {} other folder(s) skipped",
        path.string(),
        search.num_skipped);
  }
  std::sort(
      search.patches.begin(),
      search.patches.end(),
      [](const FoundPatch& a, const FoundPatch& b) {
        return std::tie(a.name, a.folder) < std::tie(b.name, b.folder);
      });
  return std::make_unique<PatchFolder>(std::move(search), options);
}

}  // namespace nadir::data
