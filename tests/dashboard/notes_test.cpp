#include "dashboard/notes.h"

#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::dashboard {
namespace {

TEST(Notes, AreWrittenWhereNobodyElseChangedThem) {
  const TemporaryFolder folder;
  const auto none = read_notes(folder.path());
  EXPECT_EQ(none.text, "");
  EXPECT_EQ(none.version, "");
  EXPECT_TRUE(none.is_writable);
  EXPECT_EQ(
      write_notes(folder.path(), "first <b>idea</b>", ""),
      NotesWrite::kWritten);
  const auto first = read_notes(folder.path());
  EXPECT_EQ(first.text, "first <b>idea</b>");
  // Someone with an editor.
  std::ofstream(folder.path() / "notes.md") << "theirs";
  EXPECT_EQ(
      write_notes(folder.path(), "mine", first.version),
      NotesWrite::kChangedMeanwhile);
  EXPECT_EQ(read_notes(folder.path()).text, "theirs");
  EXPECT_EQ(
      write_notes(folder.path(), "mine", read_notes(folder.path()).version),
      NotesWrite::kWritten);
}

TEST(Notes, ThatAreTooLongAreNeitherTakenNorCut) {
  const TemporaryFolder folder;
  const std::string text(300 << 10, 'x');
  EXPECT_THROW((void)write_notes(folder.path(), text, ""), Error);
  std::ofstream(folder.path() / "notes.md") << text;
  const auto notes = read_notes(folder.path());
  EXPECT_LT(notes.text.size(), text.size());
  EXPECT_FALSE(notes.is_writable);
  EXPECT_EQ(
      write_notes(folder.path(), "short", notes.version),
      NotesWrite::kReadOnly);
}

TEST(Notes, OfAReadOnlyFolderStayAsTheyAre) {
  if (::geteuid() == 0) {
    GTEST_SKIP() << "root may write anywhere";
  }
  const TemporaryFolder folder;
  std::filesystem::permissions(
      folder.path(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_FALSE(read_notes(folder.path()).is_writable);
  EXPECT_EQ(write_notes(folder.path(), "x", ""), NotesWrite::kReadOnly);
  std::filesystem::permissions(
      folder.path(), std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace nadir::dashboard
