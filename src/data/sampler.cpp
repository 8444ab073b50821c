#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace nadir::data {

Sampler::Sampler(const SamplerConfig& config) : config_(config) {
  NADIR_CHECK(
      config.batch_size > 0,
      "batch size must be > 0, got {}",
      config.batch_size);
  NADIR_CHECK(
      config.world_size > 0 && config.rank >= 0 &&
          config.rank < config.world_size,
      "rank must be in 0..{}, got {}",
      config.world_size - 1,
      config.rank);
  NADIR_CHECK(config.num_samples > 0, "the data set has no images");
  samples_per_rank_ =
      (config.num_samples + config.world_size - 1) / config.world_size;
  NADIR_CHECK(
      steps_per_epoch() > 0,
      "{} images over {} ranks give no full batch of {}; lower the batch size",
      config.num_samples,
      config.world_size,
      config.batch_size);
}

int64_t Sampler::steps_per_epoch() const {
  const int64_t slack = config_.drop_last ? 0 : config_.batch_size - 1;
  return (samples_per_rank_ + slack) / config_.batch_size;
}

std::vector<int64_t> Sampler::order(int64_t epoch) const {
  std::vector<int64_t> all;
  if (config_.shuffle) {
    RandomStream random(
        config_.seed, StreamPurpose::kSampler, static_cast<uint64_t>(epoch));
    all = random.permutation(config_.num_samples);
  } else {
    all.resize(static_cast<size_t>(config_.num_samples));
    std::iota(all.begin(), all.end(), 0);
  }
  const int64_t num_used =
      std::min(samples_per_rank_, steps_per_epoch() * config_.batch_size);
  std::vector<int64_t> mine(static_cast<size_t>(num_used));
  for (int64_t i = 0; i < num_used; ++i) {
    const int64_t position = config_.rank + i * config_.world_size;
    mine[static_cast<size_t>(i)] =
        all[static_cast<size_t>(position % config_.num_samples)];
  }
  return mine;
}

}  // namespace nadir::data
