// Batches made by threads ahead of the consumer. The same (seed, epoch, step)
// gives the same batch whatever the number of threads, and any step of any
// epoch can be the first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/sampler.h"

namespace nadir::data {

// Memory for `size` floats, on a boundary of 64 bytes.
using AllocateFloats = std::function<std::shared_ptr<float[]>(int64_t size)>;

// Not initialised; on a boundary of 2 MiB where it is that large. Throws
// std::bad_alloc.
[[nodiscard]] std::shared_ptr<float[]> allocate_floats(int64_t size);

struct LoaderConfig {
  int64_t batch_size = 64;
  int64_t num_threads = 0;     // 0 = all processors
  int64_t num_prefetched = 3;  // batches made ahead
  uint64_t seed = 0;
  bool shuffle = true;
  bool drop_last = true;
  int64_t rank = 0;
  int64_t world_size = 1;
  int64_t num_shares = 1;    // shuffled each by itself; see Sampler
  double max_bad_share = 0;  // of all images; more ends the run
  // Of the batches: a GPU copies quickly from memory of its driver's.
  AllocateFloats allocate = allocate_floats;
};

// One batch. An item consists of segments (views, or the image alone); the
// buffer holds segment 0 of all items, then segment 1 of all items, and so on,
// so that equal neighbouring segments form one [segments, items, ...] tensor.
struct Batch {
  Batch(
      int64_t batch_size,
      std::vector<int64_t> segment_sizes,
      const AllocateFloats& allocate);

  // First float of segment s of the batch's first item. The items that follow
  // lie segment_sizes[s] floats apart.
  [[nodiscard]] float* segment(size_t s) const;

  int64_t epoch = 0;
  int64_t step_in_epoch = 0;
  std::vector<int64_t> samples;  // images in the batch, after replacements
  std::vector<int64_t> segment_sizes;
  std::shared_ptr<float[]> values;
};

// Writes the segments of one image. Called from many threads at once; must
// depend on (sample, epoch) alone. An Error{kCorruptData}, {kIo} or
// {kNotFound} means that the image is bad; any other exception is a fault.
using MakeItem = std::function<void(
    int64_t sample, int64_t epoch, std::span<const std::span<float>> segments)>;

// Called for images that MakeItem will be called for, some hundred ahead, in
// order, by one thread at a time; must return at once.
using ExpectItem = std::function<void(int64_t sample)>;

// One consumer. Memory: num_prefetched + 1 batches.
class Loader {
 public:
  // `segment_sizes` in floats. Throws Error{kInvalidArgument} on a bad
  // configuration.
  Loader(
      int64_t num_samples,
      std::vector<int64_t> segment_sizes,
      const LoaderConfig& config,
      MakeItem make_item,
      ExpectItem expect_item = {});

  // Stops the threads after the items in hand. Leases given out stay valid.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  [[nodiscard]] int64_t steps_per_epoch() const;

  // Begins at (epoch, step_in_epoch) and ends with the last batch of epoch
  // num_epochs - 1. May be called again to go elsewhere.
  void start(int64_t epoch, int64_t step_in_epoch, int64_t num_epochs);

  // Waits for the next batch; null after the last one. The batch is the
  // caller's until the pointer dies; more than one held at a time costs
  // prefetching, and holding all of them is Error{kInvalidArgument}. Rethrows
  // what make_item threw for an item of this batch; a bad image beyond
  // max_bad_share is rethrown as it was, with the share named.
  [[nodiscard]] std::shared_ptr<const Batch> next();

  // Whether next() would not wait for a batch now, and there is one.
  [[nodiscard]] bool is_ready() const;

  // Stops making batches; start() may follow.
  void stop();

  // Share of the time since start() that next() waited, and its seconds.
  [[nodiscard]] double wait_share() const;
  [[nodiscard]] double wait_seconds() const;

  // Bad images met since construction, each once, with their messages.
  [[nodiscard]] std::vector<std::pair<int64_t, std::string>> bad_images() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // leases share it
};

}  // namespace nadir::data
