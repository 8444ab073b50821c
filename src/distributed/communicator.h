// The processes of a run as one group: sums, broadcasts and gathers over c10d,
// with Gloo for values on the CPU and NCCL for values on a GPU.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "launch/rank_environment.h"

namespace nadir::distributed {

struct ConnectOptions {
  // Until all processes are there, and of one collective. A peer that dies is
  // noticed at once; one that hangs, after `timeout`.
  std::chrono::milliseconds start_timeout{std::chrono::minutes(10)};
  std::chrono::milliseconds timeout{std::chrono::minutes(10)};
};

// Collectives must be called by every process in the same order, from one
// thread. All throw Error{kDistributed}, which names this rank and host, where
// a peer is lost or late; the group is of no use then. With one process they
// do nothing.
class Communicator {
 public:
  // A group of this process alone.
  Communicator();

  // Meets the others where `ranks` says. `device` is this process's; values on
  // another GPU than it are a fault. Throws Error{kDistributed} where they
  // are not there in time, and for CUDA what make_nccl_backend() throws.
  Communicator(
      const launch::RankEnvironment& ranks,
      c10::Device device,
      const ConnectOptions& options);
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  [[nodiscard]] int64_t rank() const { return rank_; }

  [[nodiscard]] int64_t world_size() const { return world_size_; }

  // "rank 1 of 4 on HOST", for messages.
  [[nodiscard]] std::string name() const;

  // The host of each rank.
  [[nodiscard]] const std::vector<std::string>& hosts() const {
    return hosts_;
  }

  // The one that writes files and speaks to the user.
  [[nodiscard]] bool is_first() const { return rank_ == 0; }

  // The sum over all processes, in place; contiguous float32, float64 or
  // int64, of the same shape everywhere.
  void sum(at::Tensor values) const;

  // The same, begun: the values are summed when the returned function has
  // been called, and must not be touched before.
  [[nodiscard]] std::function<void()> start_sum(at::Tensor values) const;

  // Rank 0's values, in place.
  void broadcast(at::Tensor values) const;

  // The same for bytes of any number.
  void broadcast_text(std::string& text) const;

  // The values of all processes, [world_size, ...]; equal shapes.
  [[nodiscard]] at::Tensor gather(const at::Tensor& values) const;

  // Returns when all processes have called it.
  void barrier() const;

 private:
  struct Group;
  int64_t rank_ = 0;
  int64_t world_size_ = 1;
  std::vector<std::string> hosts_;
  std::unique_ptr<Group> group_;  // null for one process

  void meet(
      const launch::RankEnvironment& ranks,
      c10::Device device,
      const ConnectOptions& options);
  void meet_once(
      const launch::RankEnvironment& ranks,
      c10::Device device,
      const ConnectOptions& options,
      std::chrono::milliseconds start_timeout);
  void gather_hosts();

  template <class Call>
  auto guarded(const char* what, const Call& call) const;
};

}  // namespace nadir::distributed
