// Several ranks of one process group as threads of the test.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "distributed/communicator.h"
#include "launch/free_port.h"

namespace nadir {

using Rank =
    std::function<void(std::shared_ptr<const distributed::Communicator>)>;

// Calls `rank` on `world_size` threads, each with its own communicator; then
// rethrows what the lowest rank threw. One rank is called on this thread.
inline void run_ranks(int64_t world_size, const Rank& rank) {
  if (world_size == 1) {
    rank(std::make_shared<distributed::Communicator>());
    return;
  }
  const int64_t port = launch::free_port();
  std::vector<std::exception_ptr> errors(static_cast<size_t>(world_size));
  std::vector<std::thread> threads;
  for (int64_t r = 0; r < world_size; ++r) {
    threads.emplace_back([&, r] {
      try {
        launch::RankEnvironment ranks;
        ranks.engine = "threads";
        ranks.rank = r;
        ranks.local_rank = r;
        ranks.world_size = world_size;
        ranks.local_size = world_size;
        ranks.master_port = port;
        distributed::ConnectOptions options;
        options.start_timeout = std::chrono::seconds(20);
        options.timeout = std::chrono::seconds(20);
        rank(std::make_shared<distributed::Communicator>(
            ranks, at::kCPU, options));
      } catch (...) {
        errors[static_cast<size_t>(r)] = std::current_exception();
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  for (const auto& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace nadir
