#include "checkpoint/zip_archive.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/log.h"

namespace nadir::checkpoint {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kDirectorySignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kLocator64Signature = 0x07064b50;
constexpr size_t kLocalBytes = 30;
constexpr size_t kDirectoryBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kLocator64Bytes = 20;
constexpr uint64_t kMaxCommentBytes = 65535;
constexpr uint64_t kMaxDirectoryBytes = 256 << 20;
constexpr uint64_t kAlignment = 64;

// The little-endian number at `offset`; the caller checked the bounds.
template <class Number>
Number number_at(std::string_view bytes, size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

template <class Number>
void append_number(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t crc) {
  static const auto tables = [] {
    std::array<std::array<uint32_t, 256>, 8> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
      }
      made[0][i] = value;
    }
    for (size_t t = 1; t < 8; ++t) {
      for (uint32_t i = 0; i < 256; ++i) {
        made[t][i] = (made[t - 1][i] >> 8) ^ made[0][made[t - 1][i] & 0xFF];
      }
    }
    return made;
  }();
  crc = ~crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {  // eight bytes a step
    const auto low = number_at<uint32_t>(bytes, i) ^ crc;
    const auto high = number_at<uint32_t>(bytes, i + 4);
    crc = tables[7][low & 0xFF] ^ tables[6][(low >> 8) & 0xFF] ^
          tables[5][(low >> 16) & 0xFF] ^ tables[4][low >> 24] ^
          tables[3][high & 0xFF] ^ tables[2][(high >> 8) & 0xFF] ^
          tables[1][(high >> 16) & 0xFF] ^ tables[0][high >> 24];
  }
  for (; i < bytes.size(); ++i) {
    crc = (crc >> 8) ^
          tables[0][(crc ^ static_cast<unsigned char>(bytes[i])) & 0xFF];
  }
  return ~crc;
}

ZipReader::ZipReader(const std::filesystem::path& path)
    : path_(path), file_(path, std::ios::binary) {
  if (!file_) {
    const int reason = errno;
    fail(
        reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        "cannot open {}: {}",
        path.string(),
        std::strerror(reason));
  }
  file_.seekg(0, std::ios::end);
  file_bytes_ = static_cast<uint64_t>(file_.tellg());
  read_directory();
}

void ZipReader::require(bool condition, std::string_view rule) const {
  if (!condition) {
    fail(
        ErrorCode::kCorruptData,
        "{} is a damaged zip archive: {}; fetch or save it again",
        path_.string(),
        rule);
  }
}

std::string ZipReader::read_range(uint64_t begin, uint64_t num_bytes) {
  require(
      begin <= file_bytes_ && num_bytes <= file_bytes_ - begin,
      "an offset lies outside the file (truncated?)");
  std::string bytes(num_bytes, '\0');
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(begin));
  file_.read(bytes.data(), static_cast<std::streamsize>(num_bytes));
  if (!file_) {
    fail(ErrorCode::kIo, "cannot read {}", path_.string());
  }
  return bytes;
}

void ZipReader::read_directory() {
  const uint64_t tail_bytes =
      std::min<uint64_t>(file_bytes_, kMaxCommentBytes + kEndBytes);
  const uint64_t tail_begin = file_bytes_ - tail_bytes;
  const std::string tail = read_range(tail_begin, tail_bytes);
  require(tail.size() >= kEndBytes, "it is too short");
  size_t end = tail.size() - kEndBytes;
  while (number_at<uint32_t>(tail, end) != kEndSignature) {
    require(end > 0, "its end record is missing (truncated?)");
    --end;
  }
  uint64_t num_entries = number_at<uint16_t>(tail, end + 10);
  uint64_t num_bytes = number_at<uint32_t>(tail, end + 12);
  uint64_t begin = number_at<uint32_t>(tail, end + 16);

  const bool has_locator =
      end >= kLocator64Bytes &&
      number_at<uint32_t>(tail, end - kLocator64Bytes) == kLocator64Signature;
  if (has_locator) {
    const auto end64 = number_at<uint64_t>(tail, end - kLocator64Bytes + 8);
    const std::string record = read_range(end64, kEnd64Bytes);
    require(
        number_at<uint32_t>(record, 0) == kEnd64Signature,
        "its zip64 end record is missing");
    num_entries = number_at<uint64_t>(record, 32);
    num_bytes = number_at<uint64_t>(record, 40);
    begin = number_at<uint64_t>(record, 48);
  }
  require(num_bytes <= kMaxDirectoryBytes, "its directory is too large");
  parse_directory(read_range(begin, num_bytes), num_entries);
}

void ZipReader::parse_directory(
    std::string_view directory, uint64_t num_entries) {
  size_t at = 0;
  uint64_t left_bytes = file_bytes_;
  for (uint64_t i = 0; i < num_entries; ++i) {
    require(
        directory.size() - at >= kDirectoryBytes &&
            number_at<uint32_t>(directory, at) == kDirectorySignature,
        "a directory record is broken");
    const auto method = number_at<uint16_t>(directory, at + 10);
    const size_t name_bytes = number_at<uint16_t>(directory, at + 28);
    const size_t extra_bytes = number_at<uint16_t>(directory, at + 30);
    const size_t comment_bytes = number_at<uint16_t>(directory, at + 32);
    require(
        directory.size() - at - kDirectoryBytes >=
            name_bytes + extra_bytes + comment_bytes,
        "a directory record is cut");
    const std::string name(directory.substr(at + kDirectoryBytes, name_bytes));
    const uint64_t stored = number_at<uint32_t>(directory, at + 20);
    Entry entry;
    entry.crc = number_at<uint32_t>(directory, at + 16);
    entry.num_bytes = number_at<uint32_t>(directory, at + 24);
    entry.local_header = number_at<uint32_t>(directory, at + 42);

    // Zip64 numbers stand in for those that are all ones, in fixed order.
    auto extra =
        directory.substr(at + kDirectoryBytes + name_bytes, extra_bytes);
    uint64_t stored64 = stored;
    while (extra.size() >= 4) {
      const auto id = number_at<uint16_t>(extra, 0);
      const size_t length = number_at<uint16_t>(extra, 2);
      require(extra.size() - 4 >= length, "an extra field is cut");
      if (id == 1) {
        size_t next = 4;
        for (uint64_t* number :
             {&entry.num_bytes, &stored64, &entry.local_header}) {
          if (*number == 0xFFFFFFFFU) {
            require(next + 8 <= 4 + length, "a zip64 field is cut");
            *number = number_at<uint64_t>(extra, next);
            next += 8;
          }
        }
      }
      extra.remove_prefix(4 + length);
    }
    require(
        method == 0 && stored64 == entry.num_bytes,
        "an entry is compressed, which torch.save never does");
    // Entries that lie on each other could claim any amount of memory.
    require(
        entry.num_bytes <= left_bytes,
        "its entries claim more bytes than the file has");
    left_bytes -= entry.num_bytes;
    require(entries_.emplace(name, entry).second, "an entry is there twice");
    at += kDirectoryBytes + name_bytes + extra_bytes + comment_bytes;
  }
}

void ZipReader::read(const std::string& name, char* dst) {
  const auto found = entries_.find(name);
  require(found != entries_.end(), "it lacks the entry '" + name + "'");
  const Entry& entry = found->second;
  const std::string local = read_range(entry.local_header, kLocalBytes);
  require(
      number_at<uint32_t>(local, 0) == kLocalSignature,
      "the header of '" + name + "' is broken");
  const uint64_t begin = entry.local_header + kLocalBytes +
                         number_at<uint16_t>(local, 26) +
                         number_at<uint16_t>(local, 28);
  require(
      begin <= file_bytes_ && entry.num_bytes <= file_bytes_ - begin,
      "'" + name + "' lies outside the file (truncated?)");
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(begin));
  file_.read(dst, static_cast<std::streamsize>(entry.num_bytes));
  if (!file_) {
    fail(ErrorCode::kIo, "cannot read {}", path_.string());
  }
  if (crc32({dst, entry.num_bytes}) != entry.crc) {
    log_warning(
        "checkpoint",
        "the checksum of '{}' in {} differs: the file may be damaged",
        name,
        path_.string());
  }
}

std::string ZipReader::read(const std::string& name) {
  const auto found = entries_.find(name);
  std::string bytes(
      found == entries_.end() ? 0 : found->second.num_bytes, '\0');
  read(name, bytes.data());
  return bytes;
}

ZipWriter::ZipWriter(const std::filesystem::path& path)
    : path_(path), file_(path, std::ios::binary | std::ios::trunc) {
  write("");
}

void ZipWriter::write(std::string_view bytes) {
  file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file_) {
    fail(
        ErrorCode::kIo,
        "cannot write {}: {}",
        path_.string(),
        std::strerror(errno));
  }
  position_ += bytes.size();
  NADIR_CHECK(
      position_ <= 0xFFFFFFFFU,
      "{} would exceed 4 GiB; export safetensors instead",
      path_.string());
}

void ZipWriter::add(const std::string& name, std::string_view bytes) {
  NADIR_CHECK(
      bytes.size() < 0xFFFFFFFFU,
      "{} would exceed 4 GiB; export safetensors instead",
      path_.string());
  const uint64_t header = position_;
  // The extra field "FB" pads, as torch's own writer does.
  const uint64_t unpadded = header + kLocalBytes + name.size() + 4;
  const uint64_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  std::string shared;  // what both headers say, from version to sizes
  append_number<uint16_t>(shared, 20);
  append_number<uint16_t>(shared, 0);
  append_number<uint16_t>(shared, 0);
  append_number<uint16_t>(shared, 0);
  append_number<uint16_t>(shared, 0x21);  // 1 January 1980
  append_number<uint32_t>(shared, crc32(bytes));
  append_number<uint32_t>(shared, static_cast<uint32_t>(bytes.size()));
  append_number<uint32_t>(shared, static_cast<uint32_t>(bytes.size()));
  append_number<uint16_t>(shared, static_cast<uint16_t>(name.size()));

  std::string local;
  append_number(local, kLocalSignature);
  local += shared;
  append_number<uint16_t>(local, static_cast<uint16_t>(padding + 4));
  local += name;
  local += "FB";
  append_number<uint16_t>(local, static_cast<uint16_t>(padding));
  local.append(padding, 'Z');
  write(local);
  write(bytes);

  append_number(directory_, kDirectorySignature);
  append_number<uint16_t>(directory_, 20);
  directory_ += shared;
  directory_.append(12, '\0');  // no extra, comment, disk or attributes
  append_number<uint32_t>(directory_, static_cast<uint32_t>(header));
  directory_ += name;
  ++num_entries_;
}

void ZipWriter::finish() {
  const auto begin = static_cast<uint32_t>(position_);
  std::string end;
  append_number(end, kEndSignature);
  append_number<uint32_t>(end, 0);
  append_number(end, num_entries_);
  append_number(end, num_entries_);
  append_number<uint32_t>(end, static_cast<uint32_t>(directory_.size()));
  append_number(end, begin);
  append_number<uint16_t>(end, 0);
  write(directory_);
  write(end);
  file_.flush();
  write("");
}

}  // namespace nadir::checkpoint
