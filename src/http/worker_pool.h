// Threads that work through tasks in their order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace nadir::http {

// Unbounded: who posts bounds what is there. Tasks must not throw.
class WorkerPool {
 public:
  explicit WorkerPool(int64_t num_threads);
  // As stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // A task goes behind those that wait, or before them. From any thread;
  // dropped after stop().
  void post(std::function<void()> task);
  void post_first(std::function<void()> task);

  // Waits for tasks at work and drops those that wait.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> tasks_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nadir::http
