// The local runner's writer of channels in Pipe mode.
#include "cloud/pipe_feeder.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::cloud {
namespace {

TEST(PipeFeeder, WritesTheFilesOfAFolderByTheirNames) {
  const TemporaryFolder folder;
  // More than a pipe holds: the writer must wait for its reader.
  const std::string large(1 << 20, 'x');
  write_file(folder.path() / "data/b/1", "second");
  write_file(folder.path() / "data/a", large);
  const PipeFeeder feeder(folder.path() / "data", folder.path() / "train_0");
  EXPECT_TRUE(read_file(folder.path() / "train_0") == large + "second");
}

TEST(PipeFeeder, EndsWithoutAReaderAndWithOneThatLeaves) {
  const TemporaryFolder folder;
  write_file(folder.path() / "a", std::string(1 << 20, 'x'));
  { const PipeFeeder unread(folder.path() / "a", folder.path() / "one"); }
  const PipeFeeder feeder(folder.path() / "a", folder.path() / "two");
  std::ifstream reader(folder.path() / "two");
  EXPECT_EQ(reader.get(), 'x');
}

TEST(PipeFeeder, NamesAPipeThatCannotBeMade) {
  const TemporaryFolder folder;
  EXPECT_THROW(
      PipeFeeder(folder.path() / "a", folder.path() / "no/folder/x"), Error);
}

}  // namespace
}  // namespace nadir::cloud
