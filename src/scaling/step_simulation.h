// One data-parallel step as events: compute, and sums that run beside it.
// Buckets are summed one after the other, each from when backward has made it
// (Li et al., "PyTorch Distributed", VLDB 2020, section 3.2).
#pragma once

#include <functional>
#include <limits>
#include <vector>

namespace nadir::scaling {

struct BucketTime {
  double num_bytes = 0;
  double ready_s = 0;   // from the beginning of backward; never falls
  double pack_s = 0;    // gradients into the bucket
  double unpack_s = 0;  // and back
};

// A step of one process by itself.
struct StepTimeline {
  double forward_s = 0;  // both networks and the loss
  double backward_s = 0;
  double update_s = 0;  // clipping, optimiser, teacher, centre
  std::vector<BucketTime> buckets;
  // Sums between backward and the update, one after the other.
  std::vector<double> late_sums_bytes;

  // Without any sum.
  [[nodiscard]] double compute_s() const {
    return forward_s + backward_s + update_s;
  }
};

// The same step where all its compute takes `factor` as long.
[[nodiscard]] StepTimeline stretched(StepTimeline timeline, double factor);

struct SumTime {
  double wall_s = 0;       // with nothing beside it
  double processor_s = 0;  // of this host's processors, all processes together
};

// Where the step runs. Compute and sums that together want more processors
// than there are both slow down alike. GPUs and adapters are nobody else's:
// the defaults.
struct StepPlace {
  double num_processors = std::numeric_limits<double>::infinity();
  double compute_processors = 0;  // that compute wants, all processes together
  std::function<SumTime(double num_bytes)> sum;
  double slowest_factor = 1;  // of the slowest process's forward and backward
};

struct SimulatedStep {
  double step_s = 0;
  double exposed_s = 0;    // waiting for sums
  double crowded_s = 0;    // by which compute is slowed for want of processors
  double straggler_s = 0;  // waiting for the slowest process
};

[[nodiscard]] SimulatedStep simulate_step(
    const StepTimeline& timeline, const StepPlace& place);

}  // namespace nadir::scaling
