#include "container/model_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string name;
  std::string bytes;
  std::string link;  // its target, for a link
};

void write_archive(const fs::path& path, const std::vector<Entry>& entries) {
  auto* archive = archive_write_new();
  archive_write_add_filter_gzip(archive);
  archive_write_set_format_pax_restricted(archive);
  archive_write_open_filename(archive, path.c_str());
  for (const auto& entry : entries) {
    auto* header = archive_entry_new();
    archive_entry_set_pathname(header, entry.name.c_str());
    archive_entry_set_perm(header, 0644);
    archive_entry_set_filetype(
        header, entry.link.empty() ? AE_IFREG : AE_IFLNK);
    if (!entry.link.empty()) {
      archive_entry_set_symlink(header, entry.link.c_str());
    }
    archive_entry_set_size(header, static_cast<int64_t>(entry.bytes.size()));
    archive_write_header(archive, header);
    archive_write_data(archive, entry.bytes.data(), entry.bytes.size());
    archive_entry_free(header);
  }
  archive_write_close(archive);
  archive_write_free(archive);
}

TEST(ModelArchive, IsUnpacked) {
  const TemporaryFolder folder;
  const auto archive = folder.path() / "model.tar.gz";
  write_archive(archive, {{"./config.json", "{}", ""}, {"a/b", "bytes", ""}});
  EXPECT_TRUE(is_model_archive(archive));
  unpack_model_archive(archive, folder.path() / "out");
  EXPECT_EQ(read_file(folder.path() / "out/config.json"), "{}");
  EXPECT_EQ(read_file(folder.path() / "out/a/b"), "bytes");
}

TEST(ModelArchive, WritesNothingOutsideItsFolder) {
  for (const auto& entry : std::vector<Entry>{
           {"../evil", "x", ""},
           {"a/../../evil", "x", ""},
           {"/tmp/nadir-evil", "x", ""},
           {"link", "", "/etc"},
           {"link", "", ".."}}) {
    const TemporaryFolder folder;
    const auto archive = folder.path() / "model.tar.gz";
    write_archive(archive, {entry});
    try {
      unpack_model_archive(archive, folder.path() / "out");
      FAIL() << entry.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
    }
    EXPECT_FALSE(fs::exists(folder.path() / "evil")) << entry.name;
    EXPECT_FALSE(fs::exists("/tmp/nadir-evil"));
    EXPECT_FALSE(fs::is_symlink(folder.path() / "out/link"));
  }
}

TEST(ModelArchive, ThatIsCutIsRefused) {
  const TemporaryFolder folder;
  const auto archive = folder.path() / "model.tar.gz";
  write_archive(archive, {{"a", std::string(100'000, 'x'), ""}});
  const auto bytes = read_file(archive);
  write_file(archive, bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(unpack_model_archive(archive, folder.path() / "out"), Error);
}

}  // namespace
}  // namespace nadir::container
