// The zip container of torch.save files: entries stored uncompressed, zip64
// sizes understood. Format: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

namespace nadir::checkpoint {

// CRC-32 (IEEE 802.3) of `bytes`, continuing from `crc`.
[[nodiscard]] uint32_t crc32(std::string_view bytes, uint32_t crc = 0);

// An open archive. Not thread-safe: it holds one file position.
class ZipReader {
 public:
  struct Entry {
    uint64_t local_header = 0;
    uint64_t num_bytes = 0;
    uint32_t crc = 0;
  };

  // Reads the directory. Throws Error{kNotFound}, Error{kIo}, or
  // Error{kCorruptData} for a damaged directory, compressed entries, or a file
  // that is no zip archive.
  explicit ZipReader(const std::filesystem::path& path);

  [[nodiscard]] const std::map<std::string, Entry>& entries() const {
    return entries_;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Fills `dst` with the entry's num_bytes bytes. Throws Error{kCorruptData}
  // if they lie outside the file. A checksum that differs is a warning only:
  // torch can be told to write none.
  void read(const std::string& name, char* dst);

  [[nodiscard]] std::string read(const std::string& name);

 private:
  void read_directory();
  void parse_directory(std::string_view directory, uint64_t num_entries);
  std::string read_range(uint64_t begin, uint64_t num_bytes);
  void require(bool condition, std::string_view rule) const;

  std::filesystem::path path_;
  std::ifstream file_;
  uint64_t file_bytes_ = 0;
  std::map<std::string, Entry> entries_;
};

// Writes an archive of stored entries, each aligned to 64 bytes, as torch.save
// does. At most 4 GiB. finish() must be called last.
class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& path);

  // Throws Error{kIo}, or Error{kInvalidArgument} beyond 4 GiB.
  void add(const std::string& name, std::string_view bytes);
  void finish();

 private:
  void write(std::string_view bytes);

  std::filesystem::path path_;
  std::ofstream file_;
  uint64_t position_ = 0;
  std::string directory_;
  uint16_t num_entries_ = 0;
};

}  // namespace nadir::checkpoint
