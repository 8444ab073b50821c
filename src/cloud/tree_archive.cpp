#include "cloud/tree_archive.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::cloud {
namespace {

namespace fs = std::filesystem;

constexpr int kFileMode = 0644;

struct ArchiveCloser {
  void operator()(archive* writer) const { ::archive_write_free(writer); }
};

using ArchiveWriter = std::unique_ptr<archive, ArchiveCloser>;

void check_archive(int status, archive* writer, const fs::path& path) {
  if (status < ARCHIVE_WARN) {
    fail(
        ErrorCode::kIo,
        "cannot write {}: {}",
        path.string(),
        ::archive_error_string(writer));
  }
}

void add_file(
    archive* writer,
    const fs::path& file,
    const std::string& name,
    const fs::path& path) {
  const std::unique_ptr<archive_entry, decltype(&::archive_entry_free)> entry(
      ::archive_entry_new(), &::archive_entry_free);
  ::archive_entry_set_pathname(entry.get(), name.c_str());
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), kFileMode);
  ::archive_entry_set_size(
      entry.get(), static_cast<int64_t>(fs::file_size(file)));
  check_archive(::archive_write_header(writer, entry.get()), writer, path);
  std::ifstream in(file, std::ios::binary);
  std::array<char, 1 << 16> buffer;
  while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
    const auto count = static_cast<size_t>(in.gcount());
    const auto written = ::archive_write_data(writer, buffer.data(), count);
    check_archive(written < 0 ? ARCHIVE_FATAL : ARCHIVE_OK, writer, path);
  }
  if (in.bad()) {
    fail(ErrorCode::kIo, "cannot read {}", file.string());
  }
}

}  // namespace

std::vector<fs::path> sorted_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void write_tree_archive(const fs::path& folder, const fs::path& path) {
  write_file_with(path, [&](const fs::path& temporary) {
    const ArchiveWriter writer(::archive_write_new());
    ::archive_write_add_filter_gzip(writer.get());
    ::archive_write_set_format_pax_restricted(writer.get());
    check_archive(
        ::archive_write_open_filename(writer.get(), temporary.c_str()),
        writer.get(),
        path);
    for (const auto& file : sorted_files(folder)) {
      add_file(
          writer.get(),
          file,
          fs::relative(file, folder).generic_string(),
          path);
    }
    check_archive(::archive_write_close(writer.get()), writer.get(), path);
  });
}

}  // namespace nadir::cloud
