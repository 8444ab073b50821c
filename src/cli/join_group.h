// How a command meets the other processes that run it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <c10/core/Device.h>

#include "distributed/communicator.h"
#include "launch/collective_backend.h"
#include "launch/rank_environment.h"

namespace nadir::cli {

// Joins the other processes and says so. Throws as distributed::Communicator.
[[nodiscard]] std::shared_ptr<const distributed::Communicator> join_group(
    const launch::RankEnvironment& ranks,
    c10::Device device,
    launch::CollectiveBackend backend,
    std::chrono::seconds timeout);

// Gives LibTorch this process's share of the host's threads and returns it.
int64_t divide_threads(int64_t local_size);

// The same as join_group() for a command that shares the making of features, by
// the engine's environment; a group of one without an engine. Ranks but the
// first only warn from now on. Processes of one host divide its threads, and of
// "cuda" each takes its own.
[[nodiscard]] std::shared_ptr<const distributed::Communicator>
join_feature_group(int64_t& num_workers, std::string& device);

}  // namespace nadir::cli
