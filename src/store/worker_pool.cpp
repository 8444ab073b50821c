#include "store/worker_pool.h"

namespace nadir::store {

WorkerPool::WorkerPool(int num_threads) {
  for (int i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    is_closing_ = true;
  }
  is_changed_.notify_all();
  for (auto& thread : threads_) {
    thread.join();
  }
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    is_changed_.wait(lock, [&] { return is_closing_ || !waiting_.empty(); });
    if (waiting_.empty()) {
      return;
    }
    auto piece = std::move(waiting_.front());
    waiting_.pop_front();
    ++num_running_;
    is_changed_.notify_all();
    lock.unlock();
    std::exception_ptr error;
    try {
      piece();
    } catch (...) {
      error = std::current_exception();
    }
    piece = nullptr;  // what it holds goes before it counts as done
    lock.lock();
    --num_running_;
    if (error && !error_) {
      error_ = error;
      waiting_.clear();
    }
    is_changed_.notify_all();
  }
}

void WorkerPool::add(std::function<void()> piece) {
  std::unique_lock lock(mutex_);
  is_changed_.wait(
      lock, [&] { return error_ || waiting_.size() < kMaxWaiting; });
  if (error_) {
    return;  // finish() tells
  }
  waiting_.push_back(std::move(piece));
  lock.unlock();
  is_changed_.notify_all();
}

void WorkerPool::finish() {
  std::unique_lock lock(mutex_);
  is_changed_.wait(lock, [&] { return waiting_.empty() && num_running_ == 0; });
  if (error_) {
    std::rethrow_exception(error_);
  }
}

}  // namespace nadir::store
