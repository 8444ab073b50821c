// Gradients averaged over the processes while backward still runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "distributed/bucket_plan.h"
#include "distributed/communicator.h"

namespace nadir::distributed {

// Gathers the gradients of neighbouring parameters in buckets and sums each as
// soon as backward has made its last one (Li et al., "PyTorch Distributed",
// VLDB 2020, section 3.2). Buckets go in the same order on all processes.
// Hooks of the parameters point here: neither copied nor moved. One thread.
class GradientBuckets {
 public:
  // `parameters`, float32 and in the order of the forward pass, the same on all
  // processes; those without requires_grad are left alone.
  GradientBuckets(
      const std::vector<at::Tensor>& parameters,
      std::shared_ptr<const Communicator> communicator,
      int64_t bucket_bytes = kBucketBytes);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  // The next backward pass is the last of its step: its gradients are summed.
  void begin();

  // Waits; then every gradient is the mean over the processes. A parameter
  // that got none here counts as zero. Throws Error{kDistributed}.
  void finish();

 private:
  struct Bucket;
  class Hook;
  void note_ready(size_t bucket);
  void launch_ready();
  void launch(Bucket& bucket);

  std::shared_ptr<const Communicator> communicator_;
  std::vector<std::unique_ptr<Bucket>> buckets_;
  std::vector<std::function<void()>> remove_hooks_;
  size_t num_launched_ = 0;
  bool is_armed_ = false;
};

}  // namespace nadir::distributed
