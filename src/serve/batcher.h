// Dynamic batching: views of many requests go through the network together.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "serve/answer.h"

namespace nadir::serve {

// One view on its way.
struct BatchItem {
  std::vector<float> view;
  std::shared_ptr<const std::atomic<bool>> is_given_up;  // may be null
  // Called once, on the batcher's thread, to return at once. An error, or
  // neither where the item was given up or the batcher ends.
  std::function<void(ModelOutput* output, std::exception_ptr error)> done;
};

// One thread that calls the network with at most `batch_size` views, as soon
// as there are so many or the oldest has waited `max_wait`: ten times that
// where views are announced, since a full batch is worth waiting for their
// decoding.
class Batcher {
 public:
  // `views` are `count` views behind each other; an output for each comes back.
  using Forward = std::function<std::vector<ModelOutput>(
      std::span<float> views, int64_t count)>;

  struct Options {
    int64_t batch_size = 32;
    std::chrono::milliseconds max_wait{5};
    int64_t capacity = 128;  // views that wait
  };

  // `observe` is told the size of each batch.
  Batcher(
      const Options& options,
      Forward forward,
      std::function<void(int64_t batch_size)> observe);
  // Ends the batch at work; items that wait are done with neither.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // Says that `count` views come soon: each is submitted or withdrawn.
  void announce(int64_t count);
  void withdraw(int64_t count);

  // Takes one off what is announced, if anything is. Waits while the queue is
  // full. From any thread but the batcher's.
  void submit(BatchItem item);

  [[nodiscard]] int64_t queue_depth() const;

 private:
  void run();
  std::vector<BatchItem> take_batch();
  void run_batch(std::vector<BatchItem> batch);

  struct Waiting {
    BatchItem item;
    std::chrono::steady_clock::time_point since;
  };

  Options options_;
  Forward forward_;
  std::function<void(int64_t)> observe_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable left_;
  std::deque<Waiting> queue_;
  int64_t num_announced_ = 0;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace nadir::serve
