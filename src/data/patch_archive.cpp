#include "data/patch_archive.h"

#include <algorithm>
#include <unordered_set>

#include "core/config.h"
#include "core/error.h"
#include "data/archive_entries.h"
#include "data/patch_name.h"

namespace nadir::data {
namespace {

// "a/PATCH/PATCH_B02.tif" -> {"PATCH", "PATCH_B02.tif"}; no folder, no patch.
struct EntryPath {
  std::string folder;
  std::string file;
  bool climbs = false;        // absolute, or with a ".." in it
  bool is_elsewhere = false;  // below a folder of other data

  explicit EntryPath(const std::string& path) {
    climbs = path.starts_with('/');
    for (const auto& part : split(path, '/')) {
      climbs = climbs || part == "..";
      is_elsewhere = is_elsewhere || part == "Reference_Maps" ||
                     part.starts_with("BigEarthNet-S1");
      if (!part.empty() && part != ".") {
        folder = std::move(file);
        file = part;
      }
    }
  }
};

class PatchArchive : public PatchSource {
 public:
  PatchArchive(
      const std::filesystem::path& path, const PatchSourceOptions& options)
      : path_(path.string()), options_(options), file_(open_file()) {
    num_bytes_ = file_->num_bytes();
  }

  std::optional<PatchFiles> next() override {
    try {
      return read_next();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorruptData) {
        throw;
      }
      fail(
          ErrorCode::kCorruptData,
          "{}; last complete patch: {}",
          error.what(),
          last_name_.empty() ? "none" : last_name_);
    }
  }

  [[nodiscard]] std::optional<int64_t> count() const override {
    return std::nullopt;
  }

  [[nodiscard]] int64_t bytes_read() const override {
    return entries_ ? std::min(entries_->position(), num_bytes_) : 0;
  }

  [[nodiscard]] int64_t bytes_total() const override { return num_bytes_; }

  [[nodiscard]] int64_t num_skipped() const override {
    return static_cast<int64_t>(skipped_.size());
  }

 private:
  [[nodiscard]] std::unique_ptr<store::ByteSource> open_file() const {
    return options_.remote ? options_.remote->open(path_)
                           : store::open_file(path_);
  }

  // The patch whose entries end where another's begin, or at the end.
  std::optional<PatchFiles> read_next() {
    if (!entries_) {
      entries_ = open_archive(std::move(file_), !options_.bands.empty());
    }
    ArchiveEntry entry;
    while (!is_at_end_) {
      if (!entries_->next(entry)) {
        is_at_end_ = true;
        break;
      }
      const EntryPath place(entry.path);
      const bool is_entry_of_patch =
          patch_layout(place.folder).has_value() && !place.is_elsewhere;
      if (!is_entry_of_patch) {
        note_skipped(entry, place);
        continue;
      }
      std::optional<PatchFiles> finished;
      if (current_ && current_->name != place.folder) {
        finished = finish();
      }
      if (!current_) {
        start(place.folder);
      }
      if (is_wanted_) {
        add(entry, place);
      }
      if (finished) {
        return finished;
      }
    }
    if (current_) {
      return finish();
    }
    if (last_name_.empty()) {
      fail(
          ErrorCode::kInvalidArgument,
          "{}: holds no BigEarthNet patches (folders named as "
          "S2A_MSIL2A_20170613T101031_87_48); {} other folder(s) skipped",
          path_,
          num_skipped());
    }
    return std::nullopt;
  }

  void start(const std::string& name) {
    current_.emplace();
    current_->name = name;
    problems_.clear();
    has_metadata_ = false;
    if (!seen_.insert(name).second) {
      problems_.emplace_back("is in the archive twice");
    }
    is_wanted_ = !options_.wants || options_.wants(name, num_begun_);
    ++num_begun_;
  }

  void add(const ArchiveEntry& entry, const EntryPath& place) {
    if (place.climbs) {
      problems_.push_back(
          "its entry '" + entry.path + "' points outside the archive");
      return;
    }
    if (entry.kind == EntryKind::kLink) {
      problems_.push_back(place.file + " is a link, which is not followed");
      return;
    }
    if (entry.kind != EntryKind::kFile) {
      return;
    }
    const std::string& name = current_->name;
    if (options_.needs_metadata && place.file == metadata_file_name(name)) {
      take(place.file, has_metadata_, current_->metadata_json);
      has_metadata_ = true;
      return;
    }
    for (const auto& band : options_.bands) {
      if (place.file == band_file_name(name, band)) {
        const bool is_there = current_->bands.contains(band);
        take(place.file, is_there, current_->bands[band]);
      }
    }
  }

  void take(const std::string& file, bool is_there, std::string& bytes) {
    if (is_there) {
      problems_.push_back(file + " is there twice");
      return;
    }
    auto read = entries_->read(kMaxPatchFileBytes);
    if (!read) {
      problems_.push_back(too_large_problem(file));
      return;
    }
    bytes = *std::move(read);
    if (bytes.empty()) {
      problems_.push_back(file + " is empty");
    }
  }

  // Nothing where the patch is not wanted.
  std::optional<PatchFiles> finish() {
    const std::string& name = current_->name;
    if (!is_wanted_) {
      last_name_ = name;
      current_.reset();
      return std::nullopt;
    }
    if (options_.needs_metadata && !has_metadata_ &&
        patch_layout(name) == PatchLayout::kV1) {
      problems_.push_back(metadata_file_name(name) + " is missing");
    }
    for (const auto& band : options_.bands) {
      if (!current_->bands.contains(band)) {
        current_->bands[band] = "";
        problems_.push_back(band_file_name(name, band) + " is missing");
      }
    }
    current_->problem = join(problems_, "; ");
    last_name_ = name;
    PatchFiles files = *std::move(current_);
    current_.reset();
    return files;
  }

  // Counts folders with files that are no patch's; reference maps and
  // Sentinel-1 are known and do not count.
  void note_skipped(const ArchiveEntry& entry, const EntryPath& place) {
    if (entry.kind == EntryKind::kFile && !place.is_elsewhere &&
        !place.folder.empty()) {
      skipped_.insert(place.folder);
    }
  }

  std::string path_;
  PatchSourceOptions options_;
  std::unique_ptr<store::ByteSource> file_;  // until entries_ has it
  int64_t num_bytes_ = 0;
  std::unique_ptr<ArchiveEntries> entries_;  // opened by the first next()
  std::optional<PatchFiles> current_;
  std::vector<std::string> problems_;  // of current_
  bool has_metadata_ = false;
  bool is_wanted_ = true;  // current_
  int64_t num_begun_ = 0;  // patches
  bool is_at_end_ = false;
  std::string last_name_;
  std::unordered_set<std::string> seen_;
  std::unordered_set<std::string> skipped_;
};

}  // namespace

std::unique_ptr<PatchSource> open_patch_archive(
    const std::filesystem::path& path, const PatchSourceOptions& options) {
  return std::make_unique<PatchArchive>(path, options);
}

}  // namespace nadir::data
