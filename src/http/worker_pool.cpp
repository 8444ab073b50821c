#include "http/worker_pool.h"

namespace nadir::http {

WorkerPool::WorkerPool(int64_t num_threads) {
  for (int64_t i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_) {
      return;
    }
    tasks_.push_back(std::move(task));
  }
  arrived_.notify_one();
}

void WorkerPool::post_first(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_) {
      return;
    }
    tasks_.push_front(std::move(task));
  }
  arrived_.notify_one();
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    tasks_.clear();
  }
  arrived_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

void WorkerPool::run() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return is_ending_ || !tasks_.empty(); });
      if (is_ending_) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace nadir::http
