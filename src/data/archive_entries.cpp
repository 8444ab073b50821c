#include "data/archive_entries.h"

#include <cerrno>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

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

std::string first_bytes(store::ByteSource& file) {
  std::string head(4, '\0');
  file.read(0, static_cast<int64_t>(head.size()), head.data());
  return head;
}

// Whether the file starts as gzip, zstd, bzip2 or xz do.
bool is_compressed(store::ByteSource& file) {
  const std::string head = first_bytes(file);
  return head.starts_with("\x1f\x8b") || head.starts_with("BZh") ||
         head == "\x28\xb5\x2f\xfd" ||
         head ==
             "\xfd"
             "7zX";
}

class CompressedEntries : public ArchiveEntries {
 public:
  explicit CompressedEntries(std::unique_ptr<store::ByteSource> file)
      : file_(std::move(file)),
        name_(file_->name()),
        buffer_(kReadBytes),
        handle_(archive_read_new()) {
    archive_read_support_filter_gzip(handle_.get());
    archive_read_support_filter_bzip2(handle_.get());
    archive_read_support_filter_zstd(handle_.get());
    archive_read_support_filter_xz(handle_.get());
    archive_read_support_format_tar(handle_.get());
    archive_read_set_read_callback(handle_.get(), give_bytes);
    archive_read_set_callback_data(handle_.get(), this);
    if (archive_read_open1(handle_.get()) != ARCHIVE_OK) {
      rethrow();
      if (is_compressed(*file_)) {
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
      rethrow();
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
        rethrow();
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

  // libarchive's read callback. An exception waits for its call's end.
  static la_ssize_t give_bytes(
      struct archive* handle, void* user, const void** bytes) {
    auto& self = *static_cast<CompressedEntries*>(user);
    try {
      const int64_t size = self.file_->read(
          self.position_,
          static_cast<int64_t>(self.buffer_.size()),
          self.buffer_.data());
      self.position_ += size;
      *bytes = self.buffer_.data();
      return size;
    } catch (...) {
      self.error_ = std::current_exception();
      archive_set_error(handle, EIO, "reading failed");
      return -1;
    }
  }

  void rethrow() {
    if (error_) {
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
  }

  std::unique_ptr<store::ByteSource> file_;
  std::string name_;
  std::vector<char> buffer_;
  int64_t position_ = 0;
  std::exception_ptr error_;
  std::unique_ptr<struct archive, Closer> handle_;
};

}  // namespace

std::unique_ptr<ArchiveEntries> open_archive(
    std::unique_ptr<store::ByteSource> file, bool reads_most) {
  if (is_plain_tar(*file)) {
    return open_plain_tar(std::move(file), reads_most);
  }
  return std::make_unique<CompressedEntries>(std::move(file));
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
  if (is_zip(path)) {
    return true;
  }
  const auto file = store::open_file(path);
  return is_compressed(*file) || is_plain_tar(*file);
}

bool is_zip(const std::filesystem::path& path) {
  return path.extension() == ".zip" ||
         first_bytes(*store::open_file(path)) == std::string("PK\3\4");
}

}  // namespace nadir::data
