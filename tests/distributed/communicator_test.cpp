#include "distributed/communicator.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/ranks_in_threads.h"

namespace nadir::distributed {
namespace {

TEST(Communicator, AloneIsOneOfOne) {
  const Communicator alone;
  auto values = at::ones({2});
  alone.sum(values);
  alone.broadcast(values);
  alone.barrier();
  EXPECT_TRUE(at::equal(values, at::ones({2})));
  EXPECT_TRUE(at::equal(alone.gather(values), at::ones({1, 2})));
  EXPECT_EQ(alone.world_size(), 1);
}

TEST(Communicator, SumsBroadcastsAndGathersOverAllRanks) {
  run_ranks(3, [](const auto& group) {
    const auto rank = static_cast<double>(group->rank());
    auto values = at::full({5}, rank + 1, at::kDouble);
    group->sum(values);
    EXPECT_TRUE(at::equal(values, at::full({5}, 6.0, at::kDouble)));
    auto first = at::full({2}, rank + 7);
    group->broadcast(first);
    EXPECT_TRUE(at::equal(first, at::full({2}, 7.0)));
    const auto all = group->gather(at::full({1}, group->rank(), at::kLong));
    EXPECT_TRUE(at::equal(all.flatten(), at::arange(3, at::kLong)));
    std::string text = group->is_first() ? "first" : "another";
    group->broadcast_text(text);
    EXPECT_EQ(text, "first");
    group->barrier();
  });
}

TEST(Communicator, ALostPeerIsAnErrorThatNamesTheRank) {
  std::string message;
  try {
    run_ranks(2, [](const auto& group) {
      if (group->rank() == 1) {
        return;  // its sockets close with the communicator
      }
      auto values = at::ones({1000});
      group->sum(values);
    });
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDistributed);
    message = error.what();
  }
  EXPECT_NE(message.find("rank 0 of 2 on "), std::string::npos) << message;
}

TEST(Communicator, AMissingPeerIsAnErrorInTime) {
  launch::RankEnvironment ranks;
  ranks.world_size = 2;
  ranks.local_size = 2;
  ranks.master_port = launch::free_port();
  ConnectOptions options;
  options.start_timeout = std::chrono::seconds(1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(Communicator(ranks, at::kCPU, options), Error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace nadir::distributed
