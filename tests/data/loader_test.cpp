#include "data/loader.h"

#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::data {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kNumSamples = 37;

// Item = a segment of 2 floats and a segment of 3; each float tells sample,
// epoch and place. Threads finish out of order on purpose.
void make_telling_item(
    int64_t sample, int64_t epoch, std::span<const std::span<float>> segments) {
  if (sample % 5 == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  for (size_t s = 0; s < segments.size(); ++s) {
    for (size_t i = 0; i < segments[s].size(); ++i) {
      segments[s][i] = static_cast<float>(
          sample * 1000 + epoch * 100 + static_cast<int64_t>(10 * s + i));
    }
  }
}

LoaderConfig config_with(int64_t num_threads) {
  return {.batch_size = 4, .num_threads = num_threads, .seed = 7};
}

struct Seen {
  int64_t epoch;
  int64_t step;
  std::vector<int64_t> samples;
  std::vector<float> values;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> take_all(Loader& loader) {
  std::vector<Seen> seen;
  while (const auto batch = loader.next()) {
    const auto& sizes = batch->segment_sizes;
    const int64_t num_values =
        std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) *
        static_cast<int64_t>(batch->samples.size());
    const float* values = batch->values.get();
    seen.push_back(
        {batch->epoch,
         batch->step_in_epoch,
         batch->samples,
         {values, values + num_values}});
  }
  return seen;
}

std::vector<Seen> run(
    const LoaderConfig& config,
    int64_t epoch = 0,
    int64_t step = 0,
    int64_t num_epochs = 3) {
  Loader loader(kNumSamples, {2, 3}, config, make_telling_item);
  loader.start(epoch, step, num_epochs);
  return take_all(loader);
}

TEST(Loader, GivesTheSameBatchesForAnyNumberOfThreads) {
  const auto one = run(config_with(1));
  ASSERT_EQ(one.size(), 27U);
  EXPECT_EQ(run(config_with(2)), one);
  EXPECT_EQ(run(config_with(4)), one);
}

TEST(Loader, ResumesInMidEpochAsIfItHadRunThrough) {
  const auto straight = run(config_with(2));
  const auto resumed = run(config_with(2), 1, 5);
  EXPECT_EQ(
      resumed, std::vector<Seen>(straight.begin() + 9 + 5, straight.end()));
}

TEST(Loader, ShowsEveryImageOnceAnEpochAndShufflesAnew) {
  auto config = config_with(2);
  config.drop_last = false;
  std::vector<std::vector<int64_t>> orders(2);
  for (const auto& batch : run(config, 0, 0, 2)) {
    auto& order = orders[static_cast<size_t>(batch.epoch)];
    order.insert(order.end(), batch.samples.begin(), batch.samples.end());
  }
  for (const auto& order : orders) {
    EXPECT_EQ(order.size(), 37U);
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 37U);
  }
  EXPECT_NE(orders[0], orders[1]);
}

TEST(Loader, OrdersTheBufferBySegment) {
  auto config = config_with(2);
  config.drop_last = false;
  config.shuffle = false;
  const auto batches = run(config, 0, 0, 1);
  ASSERT_EQ(batches.size(), 10U);
  EXPECT_EQ(
      batches[9].values,
      (std::vector<float>{36000, 36001, 36010, 36011, 36012}));
  // Segment 0 of items 0..3, then segment 1 of items 0..3.
  EXPECT_EQ(batches[0].values[2], 1000);
  EXPECT_EQ(batches[0].values[8], 10);
  EXPECT_EQ(batches[0].values[11], 1010);
}

TEST(Loader, AlignsItsBuffers) {
  Loader loader(kNumSamples, {2, 3}, config_with(1), make_telling_item);
  loader.start(0, 0, 1);
  const auto batch = loader.next();
  EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->values.get()) % 64, 0U);
}

TEST(Loader, HoldsNoMoreBatchesThanPromised) {
  std::atomic<int64_t> num_made{0};
  Loader loader(
      1000,
      {1},
      {.batch_size = 10, .num_threads = 2, .num_prefetched = 2},
      [&](int64_t, int64_t, std::span<const std::span<float>>) { ++num_made; });
  loader.start(0, 0, 1);
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(num_made, 30);  // num_prefetched + the consumer's own
  const auto a = loader.next();
  const auto b = loader.next();
  const auto c = loader.next();
  EXPECT_THROW((void)loader.next(), Error);
}

TEST(Loader, LeasesOutliveTheLoader) {
  std::shared_ptr<const Batch> batch;
  {
    Loader loader(kNumSamples, {2, 3}, config_with(2), make_telling_item);
    loader.start(0, 0, 1);
    batch = loader.next();
  }
  EXPECT_EQ(batch->segment(0)[0], static_cast<float>(batch->samples[0] * 1000));
}

// The list of free batches was once touched without its lock here.
TEST(Loader, TakesALeaseBackFromAnotherThreadWhileItStops) {
  Loader loader(kNumSamples, {1}, config_with(2), make_telling_item);
  for (int round = 0; round < 50; ++round) {
    loader.start(0, 0, 1);
    auto batch = loader.next();
    std::thread holder([&batch] { batch.reset(); });
    loader.stop();
    holder.join();
  }
  loader.start(0, 0, 1);
  int64_t num_batches = 0;
  while (loader.next()) {
    ++num_batches;
  }
  EXPECT_EQ(num_batches, loader.steps_per_epoch());
}

TEST(Loader, RethrowsAFaultToTheConsumer) {
  Loader loader(
      kNumSamples,
      {1},
      config_with(2),
      [](int64_t sample, int64_t, std::span<const std::span<float>>) {
        if (sample == 11) {
          throw std::runtime_error("fault in 11");
        }
      });
  loader.start(0, 0, 1);
  EXPECT_THROW((void)take_all(loader), std::runtime_error);
}

MakeItem item_with_bad(std::set<int64_t> bad) {
  return [bad](
             int64_t sample,
             int64_t epoch,
             std::span<const std::span<float>> segments) {
    if (bad.contains(sample)) {
      fail(ErrorCode::kCorruptData, "image {} is cut short", sample);
    }
    make_telling_item(sample, epoch, segments);
  };
}

TEST(Loader, EndsAtTheFirstBadImageUnlessToldOtherwise) {
  Loader loader(kNumSamples, {2, 3}, config_with(2), item_with_bad({3}));
  loader.start(0, 0, 2);
  try {
    (void)take_all(loader);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "image 3 is cut short");
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
  }
}

TEST(Loader, ReplacesBadImagesTheSameWayOnAnyThread) {
  std::vector<std::vector<Seen>> runs;
  for (const int64_t num_threads : {1, 2, 4}) {
    auto config = config_with(num_threads);
    config.max_bad_share = 0.1;
    Loader loader(kNumSamples, {2, 3}, config, item_with_bad({3, 8}));
    loader.start(0, 0, 3);
    runs.push_back(take_all(loader));
    const auto bad = loader.bad_images();
    ASSERT_EQ(bad.size(), 2U);
    EXPECT_EQ(bad[1].first, 8);
    EXPECT_EQ(bad[1].second, "image 8 is cut short");
  }
  EXPECT_EQ(runs[1], runs[0]);
  EXPECT_EQ(runs[2], runs[0]);
  for (const auto& batch : runs[0]) {
    for (size_t i = 0; i < batch.samples.size(); ++i) {
      EXPECT_TRUE(batch.samples[i] != 3 && batch.samples[i] != 8);
      EXPECT_EQ(
          static_cast<int64_t>(batch.values[2 * i]),
          batch.samples[i] * 1000 + batch.epoch * 100);
    }
  }
}

TEST(Loader, EndsWhenTooManyImagesAreBad) {
  auto config = config_with(2);
  config.max_bad_share = 0.06;  // 2 of 37
  Loader loader(kNumSamples, {2, 3}, config, item_with_bad({3, 8, 20}));
  loader.start(0, 0, 3);
  try {
    (void)take_all(loader);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find("3 of 37 images are bad"),
        std::string::npos)
        << error.what();
  }
}

TEST(Loader, ReportsHowLongItKeptTheConsumerWaiting) {
  Loader slow(
      8,
      {1},
      {.batch_size = 4, .num_threads = 1},
      [](int64_t, int64_t, std::span<const std::span<float>>) {
        std::this_thread::sleep_for(milliseconds(5));
      });
  slow.start(0, 0, 1);
  (void)take_all(slow);
  EXPECT_GT(slow.wait_share(), 0.8);
  EXPECT_GE(slow.wait_seconds(), 0.035);

  Loader fast(
      8,
      {1},
      {.batch_size = 4, .num_threads = 1},
      [](int64_t, int64_t, std::span<const std::span<float>>) {});
  fast.start(0, 0, 1);
  std::this_thread::sleep_for(milliseconds(40));
  (void)take_all(fast);
  EXPECT_LT(fast.wait_share(), 0.2);
}

TEST(Loader, StopsSoonAndStartsAgainElsewhere) {
  Loader loader(kNumSamples, {2, 3}, config_with(2), make_telling_item);
  loader.start(0, 0, 1000);
  (void)loader.next();
  loader.stop();
  loader.start(2, 8, 3);
  const auto batch = loader.next();
  EXPECT_EQ(batch->epoch, 2);
  EXPECT_EQ(batch->step_in_epoch, 8);
  EXPECT_EQ(loader.next(), nullptr);
}

TEST(Loader, RefusesBadConfigurations) {
  const auto make = [](LoaderConfig config) {
    Loader loader(kNumSamples, {1}, config, make_telling_item);
  };
  EXPECT_THROW(make({.batch_size = 0}), Error);
  EXPECT_THROW(make({.batch_size = 38}), Error);
  EXPECT_THROW(make({.num_prefetched = 0}), Error);
  EXPECT_THROW(make({.max_bad_share = 1}), Error);
  Loader loader(kNumSamples, {1}, config_with(1), make_telling_item);
  EXPECT_THROW(loader.start(0, 9, 1), Error);
  EXPECT_THROW((void)loader.next(), Error);
}

}  // namespace
}  // namespace nadir::data
