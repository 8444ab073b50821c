// Which images a rank sees in which order: one permutation an epoch, drawn
// from (seed, epoch), so that any epoch can be entered at any step. Rule:
// docs/dino.md, "One step, in order".
#pragma once

#include <cstdint>
#include <vector>

namespace nadir::data {

struct SamplerConfig {
  int64_t num_samples = 0;
  int64_t batch_size = 1;  // of one rank
  uint64_t seed = 0;
  bool shuffle = true;
  bool drop_last = true;  // leave out a short last batch; else one rank only
  int64_t rank = 0;
  int64_t world_size = 1;
};

// Immutable and thread-safe.
class Sampler {
 public:
  // Throws Error{kInvalidArgument} if an epoch would have no batch.
  explicit Sampler(const SamplerConfig& config);

  // Batches of every rank in an epoch: with drop_last
  // floor(num_samples / (world_size batch_size)).
  [[nodiscard]] int64_t steps_per_epoch() const;

  // This rank's sample indices of the epoch, every batch of it in order: of
  // each world_size batch_size images of the permutation, rank r takes the
  // r-th batch_size. Steps see the same images however many ranks share them.
  [[nodiscard]] std::vector<int64_t> order(int64_t epoch) const;

  [[nodiscard]] const SamplerConfig& config() const { return config_; }

 private:
  SamplerConfig config_;
};

}  // namespace nadir::data
