#include "serve/batcher.h"

#include <future>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::serve {
namespace {

using std::chrono::milliseconds;

// Each output is twice its view; remembers the sizes of its batches.
struct Doubler {
  std::vector<ModelOutput> operator()(std::span<float> views, int64_t count) {
    sizes.push_back(count);
    if (fails) {
      fail(ErrorCode::kInternal, "broken");
    }
    std::vector<ModelOutput> outputs(static_cast<size_t>(count));
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].embedding = {2 * views[i]};
    }
    return outputs;
  }

  std::vector<int64_t> sizes;
  bool fails = false;
};

std::future<float> submit(
    Batcher& batcher,
    float value,
    std::shared_ptr<const std::atomic<bool>> is_given_up = nullptr) {
  const auto promise = std::make_shared<std::promise<float>>();
  batcher.submit(
      {{value},
       std::move(is_given_up),
       [promise](ModelOutput* output, const std::exception_ptr& error) {
         if (error) {
           promise->set_exception(error);
         } else {
           promise->set_value(output == nullptr ? -1 : output->embedding[0]);
         }
       }});
  return promise->get_future();
}

TEST(Batcher, PutsWhatComesTogetherThroughTheNetworkTogether) {
  Doubler doubler;
  int64_t observed = 0;
  {
    Batcher batcher(
        {.batch_size = 4, .max_wait = milliseconds(2000), .capacity = 8},
        std::ref(doubler),
        [&observed](int64_t size) { observed += size; });
    std::vector<std::future<float>> results;
    for (int i = 0; i < 8; ++i) {
      results.push_back(submit(batcher, static_cast<float>(i)));
    }
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(results[i].get(), 2 * i);
    }
  }
  EXPECT_EQ(doubler.sizes, (std::vector<int64_t>{4, 4}));
  EXPECT_EQ(observed, 8);
}

TEST(Batcher, WaitsForAnnouncedViews) {
  Doubler doubler;
  {
    Batcher batcher(
        {.batch_size = 8, .max_wait = milliseconds(100), .capacity = 8},
        std::ref(doubler),
        [](int64_t) {});
    batcher.announce(3);
    auto first = submit(batcher, 1);
    std::this_thread::sleep_for(milliseconds(200));  // beyond max_wait
    auto second = submit(batcher, 2);
    EXPECT_EQ(second.wait_for(milliseconds(0)), std::future_status::timeout);
    batcher.withdraw(1);  // its file was broken: nobody else comes
    EXPECT_EQ(second.wait_for(milliseconds(500)), std::future_status::ready);
    EXPECT_EQ(first.get() + second.get(), 6);
  }
  EXPECT_EQ(doubler.sizes, (std::vector<int64_t>{2}));
}

TEST(Batcher, WaitsForAnnouncedViewsOnlySoLong) {
  Doubler doubler;
  Batcher batcher(
      {.batch_size = 8, .max_wait = milliseconds(2), .capacity = 8},
      std::ref(doubler),
      [](int64_t) {});
  batcher.announce(2);
  auto result = submit(batcher, 21);
  ASSERT_EQ(result.wait_for(milliseconds(5000)), std::future_status::ready);
  EXPECT_EQ(result.get(), 42);
  batcher.withdraw(1);
}

TEST(Batcher, DoesNotWaitForeverForOthers) {
  Doubler doubler;
  Batcher batcher(
      {.batch_size = 64, .max_wait = milliseconds(20), .capacity = 64},
      std::ref(doubler),
      [](int64_t) {});
  auto result = submit(batcher, 21);
  ASSERT_EQ(result.wait_for(milliseconds(5000)), std::future_status::ready);
  EXPECT_EQ(result.get(), 42);
}

TEST(Batcher, LeavesOutWhatWasGivenUpAndGoesOnAfterAnError) {
  Doubler doubler;
  Batcher batcher(
      {.batch_size = 2, .max_wait = milliseconds(0), .capacity = 2},
      std::ref(doubler),
      [](int64_t) {});
  const auto given_up = std::make_shared<const std::atomic<bool>>(true);
  EXPECT_EQ(submit(batcher, 1, given_up).get(), -1);
  EXPECT_TRUE(doubler.sizes.empty());
  doubler.fails = true;
  EXPECT_THROW((void)submit(batcher, 1).get(), Error);
  doubler.fails = false;
  EXPECT_EQ(submit(batcher, 3).get(), 6);
}

TEST(Batcher, MakesSubmittersWaitWhereItIsFull) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  Batcher batcher(
      {.batch_size = 1, .max_wait = milliseconds(0), .capacity = 1},
      [gate](std::span<float>, int64_t count) {
        gate.wait();
        return std::vector<ModelOutput>(static_cast<size_t>(count));
      },
      [](int64_t) {});
  std::atomic<int> num_submitted = 0;
  std::thread submitter([&] {
    for (int i = 0; i < 4; ++i) {
      batcher.submit(
          {{1}, nullptr, [](ModelOutput*, const std::exception_ptr&) {}});
      ++num_submitted;
    }
  });
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_LE(num_submitted, 2);  // one at work, one that waits
  go.set_value();
  submitter.join();
  EXPECT_EQ(num_submitted, 4);
}

}  // namespace
}  // namespace nadir::serve
