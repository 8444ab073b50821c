#include "data/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include <sys/mman.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"

namespace nadir::data {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr int kReplacementAttempts = 64;
constexpr size_t kNumExpectedAhead = 256;

bool is_bad_image(const Error& error) {
  return error.code() == ErrorCode::kCorruptData ||
         error.code() == ErrorCode::kIo || error.code() == ErrorCode::kNotFound;
}

}  // namespace

std::shared_ptr<float[]> allocate_floats(int64_t size) {
  const size_t num_bytes = static_cast<size_t>(size) * sizeof(float);
  const bool is_large = num_bytes >= kHugePage;
  const size_t alignment = is_large ? kHugePage : kAlignment;
  const size_t padded = round_up(num_bytes, alignment);
  const std::shared_ptr<float[]> values(
      static_cast<float*>(
          std::aligned_alloc(alignment, std::max(padded, alignment))),
      std::free);
  if (!values) {
    throw std::bad_alloc();
  }
  if (is_large) {
    // One page fault for 2 MiB instead of 512; only a wish, so no check.
    (void)madvise(values.get(), padded, MADV_HUGEPAGE);
  }
  return values;
}

Batch::Batch(
    int64_t batch_size,
    std::vector<int64_t> sizes,
    const AllocateFloats& allocate)
    : segment_sizes(std::move(sizes)),
      values(allocate(
          batch_size *
          std::accumulate(
              segment_sizes.begin(), segment_sizes.end(), int64_t{0}))) {}

float* Batch::segment(size_t s) const {
  const auto end = segment_sizes.begin() + static_cast<std::ptrdiff_t>(s);
  const int64_t before =
      std::accumulate(segment_sizes.begin(), end, int64_t{0});
  return values.get() + before * static_cast<int64_t>(samples.size());
}

struct Loader::State {
  // A batch on its way: items are claimed in order, done in any order.
  struct Slot {
    std::unique_ptr<Batch> batch;
    int64_t num_claimed = 0;
    int64_t num_done = 0;
    std::exception_ptr error;

    [[nodiscard]] int64_t size() const {
      return static_cast<int64_t>(batch->samples.size());
    }
  };

  State(
      int64_t num_samples,
      std::vector<int64_t> sizes,
      const LoaderConfig& settings,
      MakeItem make,
      ExpectItem expect)
      : config(settings),
        sampler(
            {.num_samples = num_samples,
             .batch_size = settings.batch_size,
             .seed = settings.seed,
             .shuffle = settings.shuffle,
             .drop_last = settings.drop_last,
             .rank = settings.rank,
             .world_size = settings.world_size,
             .num_shares = settings.num_shares}),
        segment_sizes(std::move(sizes)),
        make_item(std::move(make)),
        expect_item(std::move(expect)) {}

  [[nodiscard]] bool is_first_done() const {
    return !slots.empty() && slots.front()->num_done == slots.front()->size();
  }

  void work();
  [[nodiscard]] bool open_slot();
  void expect_up_to(size_t place);
  void make(Slot& slot, int64_t item);
  void make_or_replace(
      int64_t& sample,
      int64_t epoch,
      std::span<const std::span<float>> segments);
  void count_bad(int64_t sample, const Error& error);
  void give_back(std::unique_ptr<Batch> batch);
  void join();

  const LoaderConfig config;
  const Sampler sampler;
  const std::vector<int64_t> segment_sizes;
  const MakeItem make_item;
  const ExpectItem expect_item;

  std::mutex mutex;
  std::condition_variable work_changed;
  std::condition_variable batch_changed;
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<Batch>> free_batches;
  std::deque<std::shared_ptr<Slot>> slots;  // in the consumer's order
  int64_t num_leased = 0;
  bool is_stopping = false;

  // The next batch to open.
  int64_t epoch = 0;
  int64_t step = 0;
  int64_t num_epochs = 0;
  std::vector<int64_t> order;
  int64_t order_epoch = -1;
  size_t num_expected = 0;  // of the order's images

  Clock::time_point start_time = Clock::now();
  double wait_s = 0;

  mutable std::mutex bad_mutex;
  std::map<int64_t, std::string> bad;
};

// Appends the next batch to `slots` if there is one and memory for it. The
// caller holds the mutex.
bool Loader::State::open_slot() {
  if (epoch >= num_epochs || free_batches.empty()) {
    return false;
  }
  if (order_epoch != epoch) {
    order = sampler.order(epoch);
    order_epoch = epoch;
    num_expected = static_cast<size_t>(step * config.batch_size);
  }
  const auto begin = static_cast<size_t>(step * config.batch_size);
  const size_t end =
      std::min(order.size(), begin + static_cast<size_t>(config.batch_size));
  expect_up_to(end + kNumExpectedAhead);
  auto slot = std::make_shared<Slot>();
  slot->batch = std::move(free_batches.back());
  free_batches.pop_back();
  slot->batch->epoch = epoch;
  slot->batch->step_in_epoch = step;
  slot->batch->samples.assign(
      order.begin() + static_cast<std::ptrdiff_t>(begin),
      order.begin() + static_cast<std::ptrdiff_t>(end));
  slots.push_back(std::move(slot));
  if (++step == sampler.steps_per_epoch()) {
    step = 0;
    ++epoch;
  }
  return true;
}

void Loader::State::expect_up_to(size_t place) {
  if (!expect_item) {
    return;
  }
  for (; num_expected < std::min(place, order.size()); ++num_expected) {
    expect_item(order[num_expected]);
  }
}

void Loader::State::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    std::shared_ptr<Slot> slot;
    work_changed.wait(lock, [&] {
      if (is_stopping) {
        return true;
      }
      // Every slot but the last is claimed completely.
      if (slots.empty() || slots.back()->num_claimed == slots.back()->size()) {
        if (!open_slot()) {
          return false;
        }
        work_changed.notify_all();
      }
      slot = slots.back();
      return true;
    });
    if (is_stopping) {
      return;
    }
    const int64_t item = slot->num_claimed++;
    const bool has_failed = slot->error != nullptr;
    lock.unlock();
    std::exception_ptr error;
    if (!has_failed) {
      try {
        make(*slot, item);
      } catch (...) {
        error = std::current_exception();
      }
    }
    lock.lock();
    if (error && !slot->error) {
      slot->error = error;
    }
    if (++slot->num_done == slot->size()) {
      batch_changed.notify_all();
    }
  }
}

void Loader::State::make(Slot& slot, int64_t item) {
  thread_local std::vector<std::span<float>> segments;
  segments.clear();
  for (size_t s = 0; s < segment_sizes.size(); ++s) {
    const int64_t size = segment_sizes[s];
    segments.emplace_back(
        slot.batch->segment(s) + item * size, static_cast<size_t>(size));
  }
  make_or_replace(
      slot.batch->samples[static_cast<size_t>(item)],
      slot.batch->epoch,
      segments);
}

// A bad image's place is taken by images drawn from (seed, image), the same
// ones in every epoch and on every thread.
void Loader::State::make_or_replace(
    int64_t& sample,
    int64_t at_epoch,
    std::span<const std::span<float>> segments) {
  const int64_t wanted = sample;
  for (int attempt = 0;; ++attempt) {
    try {
      make_item(sample, at_epoch, segments);
      return;
    } catch (const Error& error) {
      if (!is_bad_image(error)) {
        throw;
      }
      count_bad(sample, error);
      if (attempt == kReplacementAttempts) {
        throw;
      }
    }
    const uint64_t draw = mix_hash(
        mix_hash(config.seed, static_cast<uint64_t>(wanted)),
        static_cast<uint64_t>(attempt));
    sample = static_cast<int64_t>(
        draw % static_cast<uint64_t>(sampler.config().num_samples));
  }
}

void Loader::State::count_bad(int64_t sample, const Error& error) {
  const std::lock_guard lock(bad_mutex);
  bad.emplace(sample, error.what());
  const auto num_samples = static_cast<double>(sampler.config().num_samples);
  const auto num_bad = static_cast<double>(bad.size());
  if (num_bad <= config.max_bad_share * num_samples) {
    return;
  }
  if (config.max_bad_share == 0) {
    throw Error(error.code(), error.what());
  }
  fail(
      error.code(),
      "{} of {} images are bad, more than the share of {} that is allowed; "
      "the last: {}",
      bad.size(),
      sampler.config().num_samples,
      config.max_bad_share,
      error.what());
}

void Loader::State::give_back(std::unique_ptr<Batch> batch) {
  const std::lock_guard lock(mutex);
  free_batches.push_back(std::move(batch));
  --num_leased;
  work_changed.notify_one();
}

void Loader::State::join() {
  {
    const std::lock_guard lock(mutex);
    is_stopping = true;
    work_changed.notify_all();
  }
  for (auto& thread : threads) {
    thread.join();
  }
  threads.clear();
  const std::lock_guard lock(mutex);  // another thread may give a lease back
  for (auto& slot : slots) {
    free_batches.push_back(std::move(slot->batch));
  }
  slots.clear();
  is_stopping = false;
}

Loader::Loader(
    int64_t num_samples,
    std::vector<int64_t> segment_sizes,
    const LoaderConfig& config,
    MakeItem make_item,
    ExpectItem expect_item) {
  NADIR_CHECK(
      config.num_threads >= 0,
      "loader threads must be >= 0, got {}",
      config.num_threads);
  NADIR_CHECK(
      config.num_prefetched > 0,
      "prefetched batches must be > 0, got {}",
      config.num_prefetched);
  NADIR_CHECK(
      config.max_bad_share >= 0 && config.max_bad_share < 1,
      "the share of bad images must be in [0, 1), got {}",
      config.max_bad_share);
  NADIR_ASSERT(!segment_sizes.empty() && make_item);
  state_ = std::make_shared<State>(
      num_samples,
      std::move(segment_sizes),
      config,
      std::move(make_item),
      std::move(expect_item));
  const int64_t largest =
      std::min(config.batch_size, state_->sampler.config().num_samples);
  for (int64_t i = 0; i <= config.num_prefetched; ++i) {
    state_->free_batches.push_back(std::make_unique<Batch>(
        largest, state_->segment_sizes, config.allocate));
  }
}

Loader::~Loader() {
  state_->join();
}

int64_t Loader::steps_per_epoch() const {
  return state_->sampler.steps_per_epoch();
}

void Loader::start(int64_t epoch, int64_t step_in_epoch, int64_t num_epochs) {
  NADIR_CHECK(
      epoch >= 0 && step_in_epoch >= 0 && step_in_epoch < steps_per_epoch(),
      "loader cannot start at epoch {}, step {} of {}",
      epoch,
      step_in_epoch,
      steps_per_epoch());
  state_->join();
  state_->epoch = epoch;
  state_->step = step_in_epoch;
  state_->order_epoch = -1;  // what was expected before is not any more
  state_->num_epochs = num_epochs;
  state_->start_time = Clock::now();
  state_->wait_s = 0;
  const int64_t num_threads = state_->config.num_threads > 0
                                  ? state_->config.num_threads
                                  : available_threads();
  for (int64_t i = 0; i < num_threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
  }
}

std::shared_ptr<const Batch> Loader::next() {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  NADIR_CHECK(!state.threads.empty(), "loader: next() before start()");
  if (state.slots.empty() && state.epoch >= state.num_epochs) {
    return nullptr;
  }
  NADIR_CHECK(
      !state.slots.empty() || state.num_leased <= state.config.num_prefetched,
      "loader: next() while {} batches are held; let go of one first",
      state.num_leased);
  const auto begin = Clock::now();
  state.batch_changed.wait(lock, [&] { return state.is_first_done(); });
  state.wait_s += std::chrono::duration<double>(Clock::now() - begin).count();
  auto slot = std::move(state.slots.front());
  state.slots.pop_front();
  if (slot->error) {
    state.free_batches.push_back(std::move(slot->batch));
    state.work_changed.notify_one();
    std::rethrow_exception(slot->error);
  }
  ++state.num_leased;
  return {slot->batch.release(), [owner = state_](const Batch* batch) {
            owner->give_back(std::unique_ptr<Batch>(const_cast<Batch*>(batch)));
          }};
}

bool Loader::is_ready() const {
  const std::lock_guard lock(state_->mutex);
  return state_->is_first_done();
}

void Loader::stop() {
  state_->join();
}

double Loader::wait_share() const {
  const std::lock_guard lock(state_->mutex);
  const double elapsed_s =
      std::chrono::duration<double>(Clock::now() - state_->start_time).count();
  return elapsed_s > 0 ? state_->wait_s / elapsed_s : 0;
}

double Loader::wait_seconds() const {
  const std::lock_guard lock(state_->mutex);
  return state_->wait_s;
}

std::vector<std::pair<int64_t, std::string>> Loader::bad_images() const {
  const std::lock_guard lock(state_->bad_mutex);
  return {state_->bad.begin(), state_->bad.end()};
}

}  // namespace nadir::data
