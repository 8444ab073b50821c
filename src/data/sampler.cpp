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
  NADIR_CHECK(
      config.drop_last || config.world_size == 1,
      "a short last batch cannot be shared by {} ranks",
      config.world_size);
  NADIR_CHECK(
      steps_per_epoch() > 0,
      "{} images over {} ranks give no full batch of {}; lower the batch size",
      config.num_samples,
      config.world_size,
      config.batch_size);
}

int64_t Sampler::steps_per_epoch() const {
  const int64_t per_step = config_.world_size * config_.batch_size;
  const int64_t slack = config_.drop_last ? 0 : per_step - 1;
  return (config_.num_samples + slack) / per_step;
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
  const int64_t per_step = config_.world_size * config_.batch_size;
  std::vector<int64_t> mine;
  for (int64_t step = 0; step < steps_per_epoch(); ++step) {
    const int64_t begin = step * per_step + config_.rank * config_.batch_size;
    const int64_t end =
        std::min(begin + config_.batch_size, config_.num_samples);
    mine.insert(mine.end(), all.begin() + begin, all.begin() + end);
  }
  return mine;
}

}  // namespace nadir::data
