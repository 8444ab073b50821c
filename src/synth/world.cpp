#include "synth/world.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <mutex>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "synth/files.h"

namespace nadir::synth {
namespace {

namespace fs = std::filesystem;

constexpr char kRoot[] = "BigEarthNet-v1.0";
constexpr char kArchive[] = "BigEarthNet-S2-v1.0.tar";
constexpr char kCompressedArchive[] = "BigEarthNet-S2-v1.0.tar.gz";
constexpr char kMasks[] = "masks";
constexpr char kPartial[] = ".partial";
constexpr time_t kFileTime = 1546300800;  // 2019-01-01, so that bytes repeat

struct PatchBytes {
  std::string name;
  std::vector<PatchFile> files;
  PatchRecord record;
  PatchFile mask;
};

PatchBytes make_patch(const PatchPlace& place, uint64_t seed) {
  const SyntheticPatch patch = render_patch(place, seed);
  return {
      patch_name(place),
      patch_files(place, patch),
      {place, patch.labels, patch.has_snow, patch.has_cloud_or_shadow},
      mask_file(place, patch)};
}

int64_t num_bytes(const PatchBytes& patch) {
  int64_t sum = 0;
  for (const PatchFile& file : patch.files) {
    sum += static_cast<int64_t>(file.bytes.size());
  }
  return sum;
}

// Not synchronised one by one: the folder gets its name only at the end.
void write_new_file(const fs::path& path, const std::string& bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (file < 0) {
    fail(
        ErrorCode::kIo,
        "cannot create {}: {}",
        path.string(),
        std::strerror(errno));
  }
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno != EINTR) {
      const int why = errno;
      ::close(file);
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path.string(),
          std::strerror(why));
    }
    done += n > 0 ? static_cast<size_t>(n) : 0;
  }
  if (::close(file) != 0) {
    fail(
        ErrorCode::kIo,
        "cannot write {}: {}",
        path.string(),
        std::strerror(errno));
  }
}

// The archive as a stream, its patches in the order of their names.
class ArchiveWriter {
 public:
  ArchiveWriter(const fs::path& path, bool compresses)
      : path_(path), archive_(archive_write_new(), archive_write_free) {
    check(archive_write_set_format_ustar(archive_.get()));
    if (compresses) {
      check(archive_write_add_filter_gzip(archive_.get()));
      // Pixels with noise hardly shrink: the fastest level serves.
      check(archive_write_set_options(
          archive_.get(), "gzip:compression-level=1,gzip:!timestamp"));
    }
    check(archive_write_open_filename(archive_.get(), path.c_str()));
    add(std::string(kRoot) + "/", nullptr);
  }

  void add(const PatchBytes& patch) {
    const std::string folder = std::string(kRoot) + "/" + patch.name + "/";
    add(folder, nullptr);
    for (const PatchFile& file : patch.files) {
      add(folder + file.name, &file.bytes);
    }
  }

  void close() { check(archive_write_close(archive_.get())); }

 private:
  // A folder if `bytes` is null.
  void add(const std::string& name, const std::string* bytes) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(
        archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(
        entry.get(), bytes == nullptr ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), bytes == nullptr ? 0755 : 0644);
    archive_entry_set_mtime(entry.get(), kFileTime, 0);
    archive_entry_set_size(
        entry.get(),
        bytes == nullptr ? 0 : static_cast<la_int64_t>(bytes->size()));
    check(archive_write_header(archive_.get(), entry.get()));
    if (bytes != nullptr &&
        archive_write_data(archive_.get(), bytes->data(), bytes->size()) !=
            static_cast<la_ssize_t>(bytes->size())) {
      check(ARCHIVE_FATAL);
    }
  }

  void check(int status) {
    if (status != ARCHIVE_OK) {
      const char* why = archive_error_string(archive_.get());
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path_.string(),
          why != nullptr ? why : "unknown error");
    }
  }

  fs::path path_;
  std::unique_ptr<archive, decltype(&archive_write_free)> archive_;
};

// State of one call: where to write, and what the lists will say.
class WorldWriter {
 public:
  WorldWriter(
      const SynthOptions& options, const std::function<bool()>& should_stop)
      : options_(options),
        should_stop_(should_stop),
        partial_(options.out / kPartial),
        places_(choose_places(options.num_patches, options.seed)),
        records_(places_.size()),
        progress_("making patches", options.num_patches, "patches") {
    std::sort(places_.begin(), places_.end(), [](auto& a, auto& b) {
      return patch_name(a) < patch_name(b);
    });
  }

  // Whether all was written.
  bool write() {
    if (options_.has_masks) {
      make_folder(partial_ / kMasks);
      write_new_file(partial_ / kMasks / "classes.csv", mask_classes());
    }
    return options_.as_archive ? write_archive() : write_folder();
  }

  SynthSummary finish() {
    const fs::path lists = partial_ / "lists";
    make_folder(lists);
    write_lists(lists, records_);
    const char* data = options_.as_archive ? archive_name() : kRoot;
    fs::rename(lists, options_.out / "lists");
    fs::rename(partial_ / data, options_.out / data);
    if (options_.has_masks) {
      fs::rename(partial_ / kMasks, options_.out / kMasks);
    }
    fs::remove_all(partial_);
    SynthSummary summary = summarise();
    summary.masks = options_.has_masks ? options_.out / kMasks : fs::path();
    summary.data = options_.out / data;
    summary.lists = options_.out / "lists";
    return summary;
  }

 private:
  bool write_folder() {
    const fs::path root = partial_ / kRoot;
    make_folder(root);
    parallel_for(
        static_cast<int64_t>(places_.size()),
        4,
        options_.num_threads,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end && !is_stopped(); ++i) {
            const PatchBytes patch = make(i);
            const fs::path folder = root / patch.name;
            make_folder(folder);
            for (const PatchFile& file : patch.files) {
              write_new_file(folder / file.name, file.bytes);
            }
            progress_.advance();
          }
        });
    return !is_stopped();
  }

  // Compresses one batch while the next is rendered.
  bool write_archive() {
    constexpr int64_t kBatch = 64;
    make_folder(partial_);
    ArchiveWriter archive(partial_ / archive_name(), options_.compresses);
    std::future<void> writing;
    const auto total = static_cast<int64_t>(places_.size());
    for (int64_t first = 0; first < total && !is_stopped(); first += kBatch) {
      const auto batch = std::make_shared<std::vector<PatchBytes>>(
          static_cast<size_t>(std::min(kBatch, total - first)));
      parallel_for(
          static_cast<int64_t>(batch->size()),
          1,
          options_.num_threads,
          [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end && !is_stopped(); ++i) {
              (*batch)[static_cast<size_t>(i)] = make(first + i);
            }
          });
      if (writing.valid()) {
        writing.get();
      }
      if (is_stopped()) {
        break;
      }
      writing = std::async(std::launch::async, [this, &archive, batch] {
        for (const PatchBytes& patch : *batch) {
          archive.add(patch);
          progress_.advance();
        }
      });
    }
    if (writing.valid()) {
      writing.get();
    }
    if (is_stopped()) {
      return false;
    }
    archive.close();
    return true;
  }

  [[nodiscard]] const char* archive_name() const {
    return options_.compresses ? kCompressedArchive : kArchive;
  }

  // The patch; its mask is written at once.
  PatchBytes make(int64_t index) {
    const auto i = static_cast<size_t>(index);
    PatchBytes patch = make_patch(places_[i], options_.seed);
    if (options_.has_masks) {
      write_new_file(partial_ / kMasks / patch.mask.name, patch.mask.bytes);
    }
    records_[i] = patch.record;
    num_bytes_ += num_bytes(patch);
    return patch;
  }

  bool is_stopped() {
    if (should_stop_()) {
      stopped_ = true;
    }
    return stopped_;
  }

  [[nodiscard]] SynthSummary summarise() const {
    SynthSummary summary;
    int64_t num_labels = 0;
    for (const PatchRecord& record : records_) {
      const bool is_labelled = has_19_class_label(record.labels);
      summary.num_snow += record.has_snow ? 1 : 0;
      summary.num_cloud_or_shadow += record.has_cloud_or_shadow ? 1 : 0;
      summary.num_unlabelled += is_labelled ? 0 : 1;
      if (is_labelled && !record.has_snow && !record.has_cloud_or_shadow) {
        const std::string split = split_of(record.place);
        (split == "train" ? summary.num_train
         : split == "val" ? summary.num_validation
                          : summary.num_test) += 1;
      }
      for (const LandCover cover : record.labels) {
        ++summary.label_counts[static_cast<size_t>(cover)];
        ++num_labels;
      }
    }
    summary.num_bytes = num_bytes_;
    summary.labels_per_patch =
        static_cast<double>(num_labels) / static_cast<double>(records_.size());
    return summary;
  }

  const SynthOptions& options_;
  const std::function<bool()>& should_stop_;
  fs::path partial_;
  std::vector<PatchPlace> places_;
  std::vector<PatchRecord> records_;
  std::atomic<int64_t> num_bytes_ = 0;
  std::atomic<bool> stopped_ = false;
  Progress progress_;
};

// Refuses to mix with what is there; an interrupted call's remains may go.
void check_is_empty(const fs::path& out) {
  std::error_code error;
  if (!fs::exists(out, error)) {
    return;
  }
  NADIR_CHECK(fs::is_directory(out, error), "{} is not a folder", out.string());
  for (const fs::directory_entry& entry : fs::directory_iterator(out)) {
    NADIR_CHECK(
        entry.path().filename() == kPartial,
        "{} is not empty (it holds {}): give a new folder, or remove that one "
        "first",
        out.string(),
        entry.path().filename().string());
  }
}

}  // namespace

std::optional<SynthSummary> write_synthetic_world(
    const SynthOptions& options, const std::function<bool()>& should_stop) {
  NADIR_CHECK(!options.out.empty(), "OUT must name a folder");
  check_is_empty(options.out);
  const bool was_there = fs::exists(options.out);
  const auto leave_nothing = [&] {
    std::error_code ignored;
    fs::remove_all(options.out / kPartial, ignored);
    if (!was_there) {
      fs::remove(options.out, ignored);
    }
  };
  WorldWriter writer(options, should_stop);
  try {
    fs::remove_all(options.out / kPartial);
    if (writer.write()) {
      return writer.finish();
    }
    leave_nothing();
    return std::nullopt;
  } catch (const fs::filesystem_error& error) {
    leave_nothing();
    fail(ErrorCode::kIo, "{}", error.what());
  } catch (...) {
    leave_nothing();
    throw;
  }
}

}  // namespace nadir::synth
