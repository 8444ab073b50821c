#include "data/tar_entries.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/ceil_div.h"
#include "core/error.h"

namespace nadir::data {
namespace {

constexpr int64_t kBlock = 512;
constexpr int64_t kSmallRead = 4096;
constexpr int64_t kLargeRead = 1 << 20;
constexpr int64_t kMaxNameBytes = 1 << 20;

using Header = std::array<char, kBlock>;

int64_t padded(int64_t num_bytes) {
  return round_up(num_bytes, kBlock);
}

// Octal digits between blanks or zeros, or base 256 where the top bit is set.
std::optional<int64_t> number(std::string_view field) {
  if ((static_cast<unsigned char>(field[0]) & 0x80U) != 0) {
    int64_t value = static_cast<unsigned char>(field[0]) & 0x7FU;
    for (const char byte : field.substr(1)) {
      if (value > (INT64_MAX >> 9)) {
        return std::nullopt;
      }
      value = value * 256 + static_cast<unsigned char>(byte);
    }
    return value;
  }
  const size_t first = field.find_first_not_of(' ');
  if (first == std::string_view::npos || field[first] == '\0') {
    return 0;
  }
  int64_t value = 0;
  const auto end = field.data() + field.size();
  const auto result = std::from_chars(field.data() + first, end, value, 8);
  return result.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::string_view text(const Header& header, size_t begin, size_t size) {
  const std::string_view field(header.data() + begin, size);
  return field.substr(0, field.find('\0'));
}

// The checksum is the sum of the header's bytes with its own field as blanks.
bool is_header(const Header& header) {
  int64_t sum = 8 * ' ';
  for (size_t i = 0; i < header.size(); ++i) {
    sum += i >= 148 && i < 156 ? 0 : static_cast<unsigned char>(header[i]);
  }
  return number({header.data() + 148, 8}) == sum;
}

bool is_zero(const Header& header) {
  return std::all_of(
      header.begin(), header.end(), [](char byte) { return byte == 0; });
}

// One record "LENGTH KEY=VALUE\n" of a pax header after another.
void read_pax(std::string_view records, std::string& path, std::string& size) {
  while (!records.empty()) {
    size_t length = 0;
    const auto end = records.data() + records.size();
    const auto result = std::from_chars(records.data(), end, length);
    const auto digits = static_cast<size_t>(result.ptr - records.data());
    if (result.ec != std::errc() || length <= digits + 1 ||
        length > records.size()) {
      return;
    }
    const std::string_view record =
        records.substr(digits + 1, length - digits - 2);
    if (record.starts_with("path=")) {
      path = record.substr(5);
    } else if (record.starts_with("size=")) {
      size = record.substr(5);
    }
    records.remove_prefix(length);
  }
}

// A file read at any position through one buffer.
class BufferedFile {
 public:
  BufferedFile(std::unique_ptr<store::ByteSource> file, int64_t buffer_bytes)
      : file_(std::move(file)), buffer_(static_cast<size_t>(buffer_bytes)) {}

  [[nodiscard]] int64_t num_bytes() const { return file_->num_bytes(); }

  [[nodiscard]] const std::string& name() const { return file_->name(); }

  // Fails where the file ends before `position + size`.
  void read(int64_t position, int64_t size, char* dst) {
    while (size > 0) {
      if (position < begin_ || position >= end_) {
        fill(position);
      }
      const int64_t part = std::min(size, end_ - position);
      std::copy_n(buffer_.data() + (position - begin_), part, dst);
      position += part;
      dst += part;
      size -= part;
    }
  }

 private:
  void fill(int64_t position) {
    const int64_t got = file_->read(
        position, static_cast<int64_t>(buffer_.size()), buffer_.data());
    if (got == 0) {
      fail(
          ErrorCode::kCorruptData,
          "{}: the archive ends early, at byte {}",
          name(),
          num_bytes());
    }
    begin_ = position;
    end_ = position + got;
  }

  std::unique_ptr<store::ByteSource> file_;
  std::vector<char> buffer_;
  int64_t begin_ = 0;
  int64_t end_ = 0;
};

class TarEntries : public ArchiveEntries {
 public:
  TarEntries(std::unique_ptr<store::ByteSource> file, bool reads_most)
      : file_(std::move(file), reads_most ? kLargeRead : kSmallRead) {}

  bool next(ArchiveEntry& entry) override {
    std::string long_path;
    std::string long_size;
    for (;;) {
      Header header;
      file_.read(next_header_, kBlock, header.data());
      if (is_zero(header)) {
        return false;
      }
      if (!is_header(header)) {
        fail(
            ErrorCode::kCorruptData,
            "{}: damaged tar header at byte {}",
            file_.name(),
            next_header_);
      }
      begin_ = next_header_ + kBlock;
      const char type = header[156];
      const auto size =
          long_size.empty() ? number({&header[124], 12}) : decimal(long_size);
      // Links and folders may state a size that no bytes follow.
      const bool has_bytes = !(type >= '1' && type <= '6');
      num_bytes_ = has_bytes ? size.value_or(-1) : 0;
      if (num_bytes_ < 0 || num_bytes_ > file_.num_bytes() - begin_) {
        fail(
            ErrorCode::kCorruptData,
            "{}: the archive ends early, inside {}",
            file_.name(),
            text(header, 0, 100));
      }
      next_header_ = begin_ + padded(num_bytes_);
      if (type == 'x' || type == 'L') {
        const std::string bytes = read_name_bytes();
        if (type == 'x') {
          read_pax(bytes, long_path, long_size);
        } else {
          long_path = bytes.c_str();  // ends at its zero
        }
        continue;
      }
      if (type == 'g' || type == 'K') {
        continue;
      }
      entry.path = long_path.empty() ? short_path(header) : long_path;
      entry.kind = kind_of(type);
      entry.num_bytes = num_bytes_;
      return true;
    }
  }

  std::optional<std::string> read(int64_t max_bytes) override {
    if (num_bytes_ > max_bytes) {
      return std::nullopt;
    }
    std::string bytes(static_cast<size_t>(num_bytes_), '\0');
    file_.read(begin_, num_bytes_, bytes.data());
    return bytes;
  }

  [[nodiscard]] int64_t position() const override { return next_header_; }

 private:
  static std::optional<int64_t> decimal(const std::string& digits) {
    int64_t value = -1;
    const auto result =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return result.ec == std::errc() ? std::optional(value) : std::nullopt;
  }

  static EntryKind kind_of(char type) {
    switch (type) {
      case '\0':
      case '0':
      case '7':
        return EntryKind::kFile;
      case '1':
      case '2':
        return EntryKind::kLink;
      case '5':
        return EntryKind::kFolder;
      default:
        return EntryKind::kOther;
    }
  }

  static std::string short_path(const Header& header) {
    const auto name = text(header, 0, 100);
    const bool is_posix =
        std::string_view(&header[257], 6) == std::string_view("ustar\0", 6);
    const auto prefix = is_posix ? text(header, 345, 155) : "";
    return prefix.empty() ? std::string(name)
                          : std::string(prefix) + '/' + std::string(name);
  }

  std::string read_name_bytes() {
    auto bytes = read(kMaxNameBytes);
    if (!bytes) {
      fail(
          ErrorCode::kCorruptData,
          "{}: damaged tar: a name of {} bytes",
          file_.name(),
          num_bytes_);
    }
    return *std::move(bytes);
  }

  BufferedFile file_;
  int64_t begin_ = 0;  // of the entry's bytes
  int64_t num_bytes_ = 0;
  int64_t next_header_ = 0;
};

}  // namespace

bool is_plain_tar(store::ByteSource& file) {
  Header header;
  return file.read(0, kBlock, header.data()) == kBlock && is_header(header);
}

std::unique_ptr<ArchiveEntries> open_plain_tar(
    std::unique_ptr<store::ByteSource> file, bool reads_most) {
  return std::make_unique<TarEntries>(std::move(file), reads_most);
}

}  // namespace nadir::data
