#include "core/parallel.h"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/progress.h"
#include "core/text_table.h"

namespace nadir {
namespace {

TEST(ParallelFor, VisitsEachIndexOnceForAnyThreadsAndGrain) {
  for (const int threads : {1, 2, 5}) {
    for (const int64_t grain : {1, 7, 1000}) {
      for (const int64_t n : {0, 1, 100, 101}) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
        parallel_for(n, grain, threads, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            ++visits[static_cast<size_t>(i)];
          }
        });
        for (const auto& count : visits) {
          EXPECT_EQ(count, 1);
        }
      }
    }
  }
}

TEST(ParallelFor, RethrowsTheFirstErrorAfterTheThreadsEnded) {
  std::atomic<int> running{0};
  EXPECT_THROW(
      parallel_for(
          100,
          1,
          4,
          [&](int64_t begin, int64_t) {
            ++running;
            if (begin == 5) {
              --running;
              throw std::runtime_error("five");
            }
            --running;
          }),
      std::runtime_error);
  EXPECT_EQ(running, 0);
}

TEST(TextTable, AlignsTextLeftAndNumbersRight) {
  TextTable table({"class", "AP"});
  table.add_row({"Forêt", "0.5"});
  table.add_row({"Sea", "12.25"});
  EXPECT_EQ(
      table.text(),
      "class     AP\n"
      "------------\n"
      "Forêt    0.5\n"
      "Sea    12.25\n");
}

TEST(Format, DurationsCountsAndBytesReadWell) {
  EXPECT_EQ(format_duration(1.24), "1.2 s");
  EXPECT_EQ(format_duration(59.96), "1 min 00 s");
  EXPECT_EQ(format_duration(200), "3 min 20 s");
  EXPECT_EQ(format_duration(7500), "2 h 05 min");
  EXPECT_EQ(format_count(3.44), "3.4");
  EXPECT_EQ(format_count(34'000), "34.0 k");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
}

}  // namespace
}  // namespace nadir
