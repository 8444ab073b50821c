// Which images a rank sees in which order: one permutation an epoch, drawn
// from (seed, epoch), so that any epoch can be entered at any step. Rule:
// docs/dino.md, "One step, in order". With several shares, one permutation of
// each: docs/distributed.md, "Each host reads its own share".
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
  int64_t num_shares = 1;  // each a block of neighbouring samples
};

// Immutable and thread-safe.
class Sampler {
 public:
  // Throws Error{kInvalidArgument} if an epoch would have no batch, or where
  // shares, ranks and batch do not divide each other.
  explicit Sampler(const SamplerConfig& config);

  // Batches of every rank in an epoch: with drop_last
  // floor(num_samples / (world_size batch_size)), and with shares what the
  // smallest share has.
  [[nodiscard]] int64_t steps_per_epoch() const;

  // This rank's sample indices of the epoch, every batch of it in order: of
  // each world_size batch_size images of the permutation, rank r takes the
  // r-th batch_size. Steps see the same images however many ranks share them.
  // Of several shares, each step takes equally many images, ordered by share:
  // rank r reads shares r num_shares / world_size and, where there are more
  // shares than ranks, those up to the next rank's.
  [[nodiscard]] std::vector<int64_t> order(int64_t epoch) const;

  [[nodiscard]] const SamplerConfig& config() const { return config_; }

 private:
  // The images of the epoch in the order of steps.
  [[nodiscard]] std::vector<int64_t> order_of_all(int64_t epoch) const;

  SamplerConfig config_;
};

}  // namespace nadir::data
