#include "container/failure_file.h"

#include <gtest/gtest.h>

#include "core/file.h"

namespace nadir::container {
namespace {

TEST(FailureFile, HoldsTheMessage) {
  const TemporaryFolder base;
  const auto path = base.path() / "output/failure";
  write_failure_file(path, "disk full\nmore");
  EXPECT_EQ(read_file(path), "disk full\nmore");
}

TEST(FailureFile, KeepsWhatCameFirst) {
  const TemporaryFolder base;
  const auto path = base.path() / "output/failure";
  write_failure_file(path, "first");
  write_failure_file(path, "second");
  EXPECT_EQ(read_file(path), "first");
}

TEST(FailureFile, IsNotWrittenWhereThereIsNoContainer) {
  const TemporaryFolder base;
  write_failure_file(base.path() / "nowhere/output/failure", "lost");
  EXPECT_FALSE(std::filesystem::exists(base.path() / "nowhere"));
}

TEST(FailureText, FitsThePlatformBetweenCharacters) {
  EXPECT_EQ(failure_text(std::string(1024, 'x')), std::string(1024, 'x'));
  // Two bytes each: the cut would fall into one.
  std::string umlauts;
  for (int i = 0; i < 600; ++i) {
    umlauts += "\xc3\xa4";
  }
  const auto text = failure_text(umlauts);
  EXPECT_EQ(text.size(), 1023);
  EXPECT_TRUE(text.ends_with("\xc3\xa4..."));
}

}  // namespace
}  // namespace nadir::container
