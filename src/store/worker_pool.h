// Threads for pieces of work that wait for a network: many more than there are
// processors, and pieces may be added while others run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace nadir::store {

// Runs added pieces from `num_threads` threads, in the order of their adding.
// The first exception drops the pieces that have not begun; finish() rethrows
// it.
class WorkerPool {
 public:
  explicit WorkerPool(int num_threads);
  // Drops the pieces that have not begun, and waits for those that have.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Waits while more than `max_waiting` pieces have not begun. A worker must
  // not add.
  void add(std::function<void()> piece);

  // Waits until all pieces are done. Throws what the first that failed threw.
  void finish();

 private:
  void work();

  static constexpr size_t kMaxWaiting = 1024;

  std::mutex mutex_;
  std::condition_variable is_changed_;
  std::deque<std::function<void()>> waiting_;
  int num_running_ = 0;
  bool is_closing_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace nadir::store
