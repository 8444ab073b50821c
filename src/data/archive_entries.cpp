#include "data/archive_entries.h"

#include <fstream>
#include <string_view>

#include <archive.h>
#include <archive_entry.h>

#include "core/error.h"
#include "data/tar_entries.h"

namespace nadir::data {
namespace {

constexpr size_t kReadBytes = 1 << 20;

// Throws with libarchive's reason; a cut stream says "truncated".
[[noreturn]] void fail_archive(
    struct archive* handle, const std::string& name) {
  const char* reason = archive_error_string(handle);
  fail(
      ErrorCode::kCorruptData,
      "{}: the archive is damaged or ends early: {}",
      name,
      reason == nullptr ? "no reason given" : reason);
}

std::string first_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(4, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return head;
}

// Whether the file starts as gzip, zstd, bzip2 or xz do.
bool is_compressed(const std::filesystem::path& path) {
  const std::string head = first_bytes(path);
  return head.starts_with("\x1f\x8b") || head.starts_with("BZh") ||
         head == "\x28\xb5\x2f\xfd" ||
         head ==
             "\xfd"
             "7zX";
}

class CompressedEntries : public ArchiveEntries {
 public:
  explicit CompressedEntries(const std::filesystem::path& path)
      : name_(path.string()), handle_(archive_read_new()) {
    archive_read_support_filter_gzip(handle_.get());
    archive_read_support_filter_bzip2(handle_.get());
    archive_read_support_filter_zstd(handle_.get());
    archive_read_support_filter_xz(handle_.get());
    archive_read_support_format_tar(handle_.get());
    if (archive_read_open_filename(handle_.get(), path.c_str(), kReadBytes) !=
        ARCHIVE_OK) {
      if (is_compressed(path)) {
        fail_archive(handle_.get(), name_);
      }
      const char* reason = archive_error_string(handle_.get());
      fail(
          ErrorCode::kInvalidArgument,
          "{}: neither a folder nor a tar archive (.tar, .tar.gz, .tar.zst, "
          ".tar.bz2) that can be read: {}",
          name_,
          reason == nullptr ? "no reason given" : reason);
    }
  }

  bool next(ArchiveEntry& entry) override {
    struct archive_entry* header = nullptr;
    const int result = archive_read_next_header(handle_.get(), &header);
    if (result == ARCHIVE_EOF) {
      return false;
    }
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
      fail_archive(handle_.get(), name_);
    }
    // The first is null where the locale cannot spell the name.
    const char* path = archive_entry_pathname(header);
    path = path == nullptr ? archive_entry_pathname_utf8(header) : path;
    entry.path = path == nullptr ? "" : path;
    entry.num_bytes = archive_entry_size(header);
    const bool is_link = archive_entry_hardlink(header) != nullptr ||
                         archive_entry_filetype(header) == AE_IFLNK;
    entry.kind = is_link                                      ? EntryKind::kLink
                 : archive_entry_filetype(header) == AE_IFREG ? EntryKind::kFile
                 : archive_entry_filetype(header) == AE_IFDIR
                     ? EntryKind::kFolder
                     : EntryKind::kOther;
    return true;
  }

  std::optional<std::string> read(int64_t max_bytes) override {
    // Grown as bytes arrive: a damaged header must not ask for gigabytes.
    std::string bytes;
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int result =
          archive_read_data_block(handle_.get(), &block, &size, &offset);
      if (result == ARCHIVE_EOF) {
        break;
      }
      if (result != ARCHIVE_OK) {
        fail_archive(handle_.get(), name_);
      }
      if (static_cast<int64_t>(bytes.size() + size) > max_bytes) {
        return std::nullopt;
      }
      bytes.append(static_cast<const char*>(block), size);
    }
    return bytes;
  }

  [[nodiscard]] int64_t position() const override {
    return archive_filter_bytes(handle_.get(), -1);
  }

 private:
  struct Closer {
    void operator()(struct archive* handle) const { archive_read_free(handle); }
  };

  std::string name_;
  std::unique_ptr<struct archive, Closer> handle_;
};

}  // namespace

std::unique_ptr<ArchiveEntries> open_archive(
    const std::filesystem::path& path, bool reads_most) {
  if (is_plain_tar(path)) {
    return open_plain_tar(path, reads_most);
  }
  return std::make_unique<CompressedEntries>(path);
}

bool is_archive(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) {
    return false;
  }
  const std::string name = path.filename().string();
  for (const char* ending :
       {".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz"}) {
    if (name.ends_with(ending)) {
      return true;
    }
  }
  return is_zip(path) || is_compressed(path) || is_plain_tar(path);
}

bool is_zip(const std::filesystem::path& path) {
  return path.extension() == ".zip" ||
         first_bytes(path) == std::string("PK\3\4");
}

}  // namespace nadir::data
