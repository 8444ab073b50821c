// The machine's limits: that they are those of real work.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "bench/disk_rate.h"
#include "bench/memory_rate.h"
#include "bench/processor_limit.h"
#include "bench/timing.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/signals.h"

namespace nadir::bench {
namespace {

namespace fs = std::filesystem;

TEST(MemoryRate, IsThatOfAMachineOfThisCentury) {
  // A word a cycle of a slow processor, and more than any memory there is.
  const double rate = measure_copy_gbyte_per_s(1);
  EXPECT_GT(rate, 0.1);
  EXPECT_LT(rate, 5000);
}

TEST(DiskRate, IsMeasuredAndLeavesNothing) {
  const TemporaryFolder folder;
  const auto rate = measure_disk(folder.path(), int64_t{16} << 20);
  EXPECT_GT(rate.write_gbyte_per_s, 0);
  EXPECT_GT(rate.read_gbyte_per_s, 0);
  EXPECT_GE(rate.cached_share, 0);
  EXPECT_LE(rate.cached_share, 1);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(DiskRate, NamesAFolderThatItCannotWriteTo) {
  const TemporaryFolder folder;
  const auto missing = folder.path() / "missing";
  try {
    (void)measure_disk(missing, 1);
    FAIL() << "wrote into no folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(
        std::string(error.what()).find(missing.string()), std::string::npos);
  }
}

TEST(ProcessorLimit, HoldsForAsLongAsItLives) {
  const int all = available_threads();
  {
    const ProcessorLimit limit(1);
    EXPECT_EQ(available_threads(), 1);
  }
  EXPECT_EQ(available_threads(), all);
  EXPECT_THROW(const ProcessorLimit limit(all + 1), Error);
  EXPECT_THROW(const ProcessorLimit limit(-1), Error);
}

TEST(TimeRepeats, LeavesTheFirstCallOut) {
  int calls = 0;
  const auto times = time_repeats(3, [&] { ++calls; });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(times.wall_s.size(), 3U);
  EXPECT_EQ(times.cpu_s.size(), 3U);
}

TEST(TimeOnce, TellsWaitingFromComputing) {
  using namespace std::chrono_literals;
  const auto times = time_once([] { std::this_thread::sleep_for(50ms); });
  EXPECT_GE(times.wall_s.front(), 0.05);
  EXPECT_LT(times.cpu_s.front(), 0.04);
}

}  // namespace
}  // namespace nadir::bench
