#include "cli/join_group.h"

#include <algorithm>

#include <ATen/Parallel.h>

#include "core/log.h"
#include "core/parallel.h"
#include "model/device.h"

namespace nadir::cli {
namespace {

// Ranks wait for the slowest one's features, and for probes on the first one.
// A peer that dies is noticed at once all the same.
constexpr std::chrono::hours kFeatureTimeout{1};

}  // namespace

std::shared_ptr<const distributed::Communicator> join_group(
    const launch::RankEnvironment& ranks,
    c10::Device device,
    launch::CollectiveBackend backend,
    std::chrono::seconds timeout) {
  log_info(
      "train",
      "{}: rank {} of {} by {}, waiting for the others at {}:{}",
      ranks.engine,
      ranks.rank,
      ranks.world_size,
      launch::to_text(backend),
      ranks.master_address,
      ranks.master_port);
  distributed::ConnectOptions options;
  options.timeout = timeout;
  return std::make_shared<distributed::Communicator>(ranks, device, options);
}

int64_t divide_threads(int64_t local_size) {
  const auto num_threads =
      std::max<int64_t>(1, available_threads() / local_size);
  // OMP_NUM_THREADS may ask for fewer.
  at::set_num_threads(
      std::min(at::get_num_threads(), static_cast<int>(num_threads)));
  return num_threads;
}

std::shared_ptr<const distributed::Communicator> join_feature_group(
    int64_t& num_workers, std::string& device) {
  const auto ranks = launch::read_rank_environment(process_environment());
  if (ranks.world_size == 1) {
    return std::make_shared<distributed::Communicator>();
  }
  if (ranks.rank > 0) {
    set_log_level(LogLevel::kWarning);  // the first rank speaks for all
  }
  const int64_t num_threads = divide_threads(ranks.local_size);
  num_workers = num_workers == 0 ? num_threads : num_workers;
  if (device == "cuda") {
    device = model::open_device(device, ranks.local_rank).str();
  }
  // Features are gathered in main memory, wherever they are made.
  return join_group(
      ranks,
      c10::Device(c10::kCPU),
      launch::CollectiveBackend::kGloo,
      kFeatureTimeout);
}

}  // namespace nadir::cli
