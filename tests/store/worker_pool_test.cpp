#include "store/worker_pool.h"

#include <atomic>
#include <chrono>
#include <stdexcept>

#include <gtest/gtest.h>

namespace nadir::store {
namespace {

TEST(WorkerPool, DoesAllPieces) {
  std::atomic<int> sum = 0;
  WorkerPool pool(4);
  for (int i = 1; i <= 3000; ++i) {  // more than may wait
    pool.add([&sum, i] { sum += i; });
  }
  pool.finish();
  EXPECT_EQ(sum, 3000 * 3001 / 2);
  pool.add([&sum] { sum = -1; });
  pool.finish();
  EXPECT_EQ(sum, -1);
}

TEST(WorkerPool, PiecesRunSideBySide) {
  // Each waits for the other: one thread would never end.
  std::atomic<int> num_here = 0;
  WorkerPool pool(2);
  for (int i = 0; i < 2; ++i) {
    pool.add([&num_here] {
      ++num_here;
      while (num_here < 2) {
        std::this_thread::yield();
      }
    });
  }
  pool.finish();
  EXPECT_EQ(num_here, 2);
}

TEST(WorkerPool, TheFirstFailureDropsTheRestAndIsTold) {
  std::atomic<int> num_done = 0;
  WorkerPool pool(1);
  pool.add([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    throw std::runtime_error("first");
  });
  for (int i = 0; i < 100; ++i) {
    pool.add([&num_done] { ++num_done; });
  }
  EXPECT_THROW(pool.finish(), std::runtime_error);
  EXPECT_EQ(num_done, 0);
}

}  // namespace
}  // namespace nadir::store
