#include "distributed/communicator.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/error.h"
#include "core/host_name.h"
#include "distributed/nccl.h"

namespace nadir::distributed {
namespace {

// This host's address on the way to `address`: what the others can reach it
// by. Its own name may resolve to a loopback address, or to none.
std::string address_towards(const std::string& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), "9", &hints, &found) != 0) {
    fail(
        ErrorCode::kDistributed,
        "the address of rank 0, {}, cannot be resolved on {}; set MASTER_ADDR "
        "to one that can",
        address,
        host_name());
  }
  std::string own;
  for (const addrinfo* info = found; info != nullptr && own.empty();
       info = info->ai_next) {
    const int socket = ::socket(info->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage local{};
    socklen_t size = sizeof(local);
    std::array<char, 64> text{};
    // Nothing is sent: connecting a datagram socket only picks the way.
    if (socket >= 0 &&
        ::connect(socket, info->ai_addr, info->ai_addrlen) == 0 &&
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&local), &size) ==
            0 &&
        ::getnameinfo(
            reinterpret_cast<sockaddr*>(&local),
            size,
            text.data(),
            text.size(),
            nullptr,
            0,
            NI_NUMERICHOST) == 0) {
      own = text.data();
    }
    if (socket >= 0) {
      ::close(socket);
    }
  }
  ::freeaddrinfo(found);
  return own.empty() ? "127.0.0.1" : own;
}

c10::intrusive_ptr<c10d::Store> open_store(
    const launch::RankEnvironment& ranks, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(ranks.master_port);
  // torchrun's agent serves the store for all ranks, and keeps it through
  // restarts, hence the prefix.
  options.isServer = ranks.rank == 0 && !ranks.is_store_hosted;
  options.waitWorkers = !ranks.is_store_hosted;
  options.numWorkers = static_cast<std::size_t>(ranks.world_size);
  options.timeout = timeout;
  auto store =
      c10::make_intrusive<c10d::TCPStore>(ranks.master_address, options);
  return c10::make_intrusive<c10d::PrefixStore>(
      fmt::format("nadir/attempt_{}", ranks.restart_count), store);
}

}  // namespace

struct Communicator::Group {
  c10::intrusive_ptr<c10d::Backend> gloo;
  c10::intrusive_ptr<c10d::Backend> nccl;  // null without CUDA

  ~Group() {
    try {
      if (nccl) {
        nccl->shutdown();
      }
    } catch (const std::exception&) {
      // Of a group that has lost a peer; there is nothing left to do with it.
    }
  }

  // Whose collectives take such values.
  c10d::Backend& of(const at::Tensor& values) const {
    NADIR_ASSERT(values.is_cpu() || nccl);
    return values.is_cpu() ? *gloo : *nccl;
  }
};

// Runs `call`, turning what c10d throws into an Error that says who and where.
template <class Call>
auto Communicator::guarded(const char* what, const Call& call) const {
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    std::string reason = error.what();
    reason.resize(std::min(reason.size(), reason.find('\n')));
    fail(
        ErrorCode::kDistributed,
        "{}: {} failed, a peer is lost or late: {}",
        name(),
        what,
        reason);
  }
}

Communicator::Communicator() : hosts_({host_name()}) {}

Communicator::Communicator(
    const launch::RankEnvironment& ranks,
    c10::Device device,
    const ConnectOptions& options)
    : rank_(ranks.rank),
      world_size_(ranks.world_size),
      hosts_(static_cast<size_t>(ranks.world_size), host_name()) {
  if (world_size_ == 1) {
    return;
  }
  // A peer that has gone is an error of the send, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  guarded("meeting the other processes", [&] {
    meet(ranks, device, options);
  });
  gather_hosts();
}

Communicator::~Communicator() = default;

// A run that starts again on several hosts does not do so at once: a process may
// find the store of the run before, which is about to go, and the first one a
// port that is not free yet. So who has lost the store looks for it again.
void Communicator::meet(
    const launch::RankEnvironment& ranks,
    c10::Device device,
    const ConnectOptions& options) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kPause = std::chrono::milliseconds(500);
  // Longer than that, somebody else has the port.
  constexpr auto kPortTimeout = std::chrono::milliseconds(30'000);
  const auto timeout = rank_ == 0 && !ranks.is_store_hosted
                           ? std::min(kPortTimeout, options.start_timeout)
                           : options.start_timeout;
  const auto begin = Clock::now();
  auto left = options.start_timeout;
  while (true) {
    try {
      meet_once(ranks, device, options, left);
      return;
    } catch (const Error&) {
      throw;
    } catch (const std::exception&) {
      const auto passed =
          std::chrono::duration_cast<std::chrono::milliseconds>(
              Clock::now() - begin);
      if (passed + kPause >= timeout) {
        throw;
      }
      left = options.start_timeout - passed;
    }
    std::this_thread::sleep_for(kPause);
  }
}

void Communicator::meet_once(
    const launch::RankEnvironment& ranks,
    c10::Device device,
    const ConnectOptions& options,
    std::chrono::milliseconds start_timeout) {
  group_ = std::make_unique<Group>();
  const auto store = open_store(ranks, start_timeout);
  auto gloo = c10d::ProcessGroupGloo::Options::create(options.timeout);
  gloo->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(
      address_towards(ranks.master_address)));
  group_->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(
      store, static_cast<int>(rank_), static_cast<int>(world_size_), gloo);
  if (device.is_cuda()) {
    group_->nccl = make_nccl_backend(
        nccl_module(),
        c10::make_intrusive<c10d::PrefixStore>("nccl", store),
        rank_,
        world_size_,
        device,
        options.timeout);
  }
}

void Communicator::gather_hosts() {
  constexpr size_t kLongestName = 256;
  auto own = hosts_[static_cast<size_t>(rank_)];
  own.resize(kLongestName, '\0');
  const auto names = gather(
      at::from_blob(own.data(), {static_cast<int64_t>(own.size())}, at::kByte));
  for (int64_t rank = 0; rank < world_size_; ++rank) {
    hosts_[static_cast<size_t>(rank)] =
        reinterpret_cast<const char*>(names[rank].const_data_ptr<uint8_t>());
  }
}

std::string Communicator::name() const {
  return fmt::format(
      "rank {} of {} on {}",
      rank_,
      world_size_,
      hosts_[static_cast<size_t>(rank_)]);
}

std::function<void()> Communicator::start_sum(at::Tensor values) const {
  if (!group_) {
    return [] {};
  }
  NADIR_ASSERT(values.is_contiguous());
  auto work = guarded("a sum", [&] {
    std::vector<at::Tensor> tensors = {values};
    return group_->of(values).allreduce(tensors, {});
  });
  return [this, work] { guarded("a sum", [&] { work->wait(); }); };
}

void Communicator::sum(at::Tensor values) const {
  start_sum(std::move(values))();
}

void Communicator::broadcast(at::Tensor values) const {
  if (!group_) {
    return;
  }
  guarded("a broadcast", [&] {
    std::vector<at::Tensor> tensors = {values};
    group_->of(values).broadcast(tensors, {})->wait();
  });
}

void Communicator::broadcast_text(std::string& text) const {
  if (!group_) {
    return;
  }
  auto size = at::full({1}, static_cast<int64_t>(text.size()), at::kLong);
  broadcast(size);
  text.resize(static_cast<size_t>(size.item<int64_t>()));
  if (!text.empty()) {
    broadcast(at::from_blob(
        text.data(), {static_cast<int64_t>(text.size())}, at::kByte));
  }
}

at::Tensor Communicator::gather(const at::Tensor& values) const {
  if (!group_) {
    return values.unsqueeze(0);
  }
  return guarded("a gathering", [&] {
    std::vector<at::Tensor> inputs = {values.contiguous()};
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int64_t r = 0; r < world_size_; ++r) {
      outputs[0].push_back(at::empty_like(inputs[0]));
    }
    group_->of(values).allgather(outputs, inputs, {})->wait();
    return at::stack(outputs[0]);
  });
}

void Communicator::barrier() const {
  if (group_) {
    guarded("a barrier", [&] { group_->gloo->barrier({})->wait(); });
  }
}

}  // namespace nadir::distributed
