#include "serve/batcher.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::serve {
namespace {

constexpr int kWaitsForAnnounced = 10;

}  // namespace

Batcher::Batcher(
    const Options& options,
    Forward forward,
    std::function<void(int64_t)> observe)
    : options_(options),
      forward_(std::move(forward)),
      observe_(std::move(observe)) {
  NADIR_CHECK(
      options.batch_size > 0,
      "batch_size must be > 0, got {}",
      options.batch_size);
  NADIR_CHECK(
      options.max_wait.count() >= 0,
      "max_wait_ms must be >= 0, got {}",
      options.max_wait.count());
  NADIR_ASSERT(options.capacity >= options.batch_size);
  thread_ = std::thread([this] { run(); });
}

Batcher::~Batcher() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  arrived_.notify_all();
  left_.notify_all();
  thread_.join();
  for (auto& waiting : queue_) {
    waiting.item.done(nullptr, nullptr);
  }
}

void Batcher::announce(int64_t count) {
  const std::lock_guard lock(mutex_);
  num_announced_ += count;
}

void Batcher::withdraw(int64_t count) {
  const std::lock_guard lock(mutex_);
  num_announced_ -= count;
  NADIR_ASSERT(num_announced_ >= 0);
  arrived_.notify_one();
}

void Batcher::submit(BatchItem item) {
  std::unique_lock lock(mutex_);
  num_announced_ = std::max<int64_t>(0, num_announced_ - 1);
  left_.wait(lock, [this] {
    return is_ending_ ||
           static_cast<int64_t>(queue_.size()) < options_.capacity;
  });
  if (is_ending_) {
    lock.unlock();
    item.done(nullptr, nullptr);
    return;
  }
  queue_.push_back({std::move(item), std::chrono::steady_clock::now()});
  arrived_.notify_one();
}

int64_t Batcher::queue_depth() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(queue_.size());
}

void Batcher::run() {
  while (true) {
    auto batch = take_batch();
    if (batch.empty()) {
      return;
    }
    run_batch(std::move(batch));
  }
}

// Empty at the end.
std::vector<BatchItem> Batcher::take_batch() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
  const auto is_ready = [this] {
    return is_ending_ ||
           static_cast<int64_t>(queue_.size()) >= options_.batch_size;
  };
  if (!is_ending_) {
    const auto since = queue_.front().since;
    arrived_.wait_until(lock, since + options_.max_wait, is_ready);
    arrived_.wait_until(
        lock, since + kWaitsForAnnounced * options_.max_wait, [&] {
          return num_announced_ == 0 || is_ready();
        });
  }
  std::vector<BatchItem> batch;
  while (!is_ending_ && !queue_.empty() &&
         static_cast<int64_t>(batch.size()) < options_.batch_size) {
    batch.push_back(std::move(queue_.front().item));
    queue_.pop_front();
  }
  left_.notify_all();
  return batch;
}

void Batcher::run_batch(std::vector<BatchItem> batch) {
  const auto is_given_up = [](const BatchItem& item) {
    return item.is_given_up && item.is_given_up->load();
  };
  for (auto& item : batch) {
    if (is_given_up(item)) {
      item.done(nullptr, nullptr);
      item.done = nullptr;
    }
  }
  std::erase_if(batch, [](const BatchItem& item) { return !item.done; });
  if (batch.empty()) {
    return;
  }
  std::vector<ModelOutput> outputs;
  std::exception_ptr error;
  try {
    const size_t size = batch[0].view.size();
    std::vector<float> views(batch.size() * size);
    for (size_t i = 0; i < batch.size(); ++i) {
      NADIR_ASSERT(batch[i].view.size() == size);
      std::copy(
          batch[i].view.begin(),
          batch[i].view.end(),
          views.begin() + static_cast<std::ptrdiff_t>(i * size));
    }
    const auto count = static_cast<int64_t>(batch.size());
    observe_(count);
    outputs = forward_(views, count);
    NADIR_ASSERT(outputs.size() == batch.size());
  } catch (...) {
    error = std::current_exception();
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].done(error ? nullptr : &outputs[i], error);
  }
}

}  // namespace nadir::serve
