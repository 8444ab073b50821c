#include "store/folder_sync.h"

#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "store/fake_s3.h"

namespace nadir::store {
namespace {

namespace fs = std::filesystem;

const Location kRun{"my-bucket", "runs/a"};

FolderSyncOptions manual() {
  FolderSyncOptions options;
  options.period = std::chrono::hours(1);
  options.marks = {"checkpoints/latest"};
  return options;
}

TEST(FolderSync, CopiesWhatIsNewChangedAndGone) {
  FakeS3 fake;
  const TemporaryFolder folder;
  FolderSync sync(fake.s3(), folder.path(), kRun, manual());
  write_file(folder.path() / "metrics.jsonl", "1\n");
  write_file(folder.path() / "checkpoints/step-1/x", "one");
  sync.copy();
  EXPECT_EQ(fake.objects().at("runs/a/metrics.jsonl"), "1\n");
  const auto before = fake.num_requests("PUT");
  sync.copy();
  EXPECT_EQ(fake.num_requests("PUT"), before);
  write_file(folder.path() / "metrics.jsonl", "1\n2\n");
  fs::remove_all(folder.path() / "checkpoints/step-1");
  sync.finish();
  EXPECT_EQ(fake.objects().at("runs/a/metrics.jsonl"), "1\n2\n");
  EXPECT_FALSE(fake.objects().contains("runs/a/checkpoints/step-1/x"));
}

TEST(FolderSync, WhatOthersPutThereStays) {
  FakeS3 fake;
  fake.put("runs/a/notes.txt", "mine");
  const TemporaryFolder folder;
  FolderSync sync(fake.s3(), folder.path(), kRun, manual());
  sync.finish();
  EXPECT_TRUE(fake.objects().contains("runs/a/notes.txt"));
}

TEST(FolderSync, FilesInTheMakingAreLeftOut) {
  FakeS3 fake;
  const TemporaryFolder folder;
  write_file(folder.path() / "checkpoints/.tmp-step-2/x", "half");
  write_file(folder.path() / "config.toml.tmp123", "half");
  write_file(folder.path() / "config.toml", "whole");
  FolderSync sync(fake.s3(), folder.path(), kRun, manual());
  sync.copy();
  EXPECT_EQ(fake.objects().size(), 1U);
}

TEST(FolderSync, MarksComeAfterWhatTheyMark) {
  FakeS3 fake;
  const TemporaryFolder folder;
  write_file(folder.path() / "checkpoints/latest", "step-1");
  write_file(folder.path() / "checkpoints/step-1/x", "one");
  std::string last;
  fake.set_fault(
      [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
        last = request.method == "PUT" ? request.target : last;
        return std::nullopt;
      });
  FolderSync sync(fake.s3(), folder.path(), kRun, manual());
  sync.copy();
  EXPECT_EQ(last, "/my-bucket/runs/a/checkpoints/latest");
}

TEST(FolderSync, TheLastCopyIsMadeAfterASignalToEnd) {
  FakeS3 fake;
  const TemporaryFolder folder;
  write_file(folder.path() / "a", "1");
  catch_signals();
  FolderSync sync(fake.s3(), folder.path(), kRun, manual());
  ASSERT_EQ(::raise(SIGTERM), 0);
  ASSERT_EQ(caught_signal(), SIGTERM);
  sync.finish();
  forget_signal();
  EXPECT_TRUE(fake.objects().contains("runs/a/a"));
}

TEST(FolderSync, AFailureIsTriedAgainAndToldAtTheEnd) {
  FakeS3 fake;
  const TemporaryFolder folder;
  write_file(folder.path() / "a", "1");
  fake.set_fault([](const ServedRequest&) {
    return ServedAnswer{403, "<Error><Code>AccessDenied</Code></Error>"};
  });
  FolderSyncOptions often = manual();
  often.period = std::chrono::milliseconds(10);
  FolderSync sync(fake.s3(), folder.path(), kRun, often);
  while (fake.num_requests("PUT") < 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THROW(sync.finish(), Error);
  fake.set_fault(nullptr);
  sync.copy();
  EXPECT_TRUE(fake.objects().contains("runs/a/a"));
}

}  // namespace
}  // namespace nadir::store
