#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace nadir::data {

namespace {

// Images of a step that come from one share.
int64_t images_of_share(const SamplerConfig& config) {
  return config.world_size * config.batch_size / config.num_shares;
}

void check_shares(const SamplerConfig& config) {
  const int64_t shares = config.num_shares;
  const int64_t ranks = config.world_size;
  NADIR_CHECK(shares >= 1, "data_shares must be >= 1, got {}", shares);
  NADIR_CHECK(
      shares % ranks == 0 || ranks % shares == 0,
      "data_shares {} and {} processes: one must be a multiple of the other, "
      "so that no process reads parts of several shares",
      shares,
      ranks);
  NADIR_CHECK(
      ranks * config.batch_size % shares == 0,
      "data_shares {} must divide the images of a step, {} processes x {}",
      shares,
      ranks,
      config.batch_size);
  NADIR_CHECK(
      config.shuffle && config.drop_last,
      "shares are for shuffled batches of equal size");
}

}  // namespace

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
  if (config.num_shares != 1) {
    check_shares(config);
  }
  NADIR_CHECK(
      steps_per_epoch() > 0,
      "{} images over {} ranks give no full batch of {}; lower the batch size",
      config.num_samples,
      config.world_size,
      config.batch_size);
}

int64_t Sampler::steps_per_epoch() const {
  if (config_.num_shares > 1) {
    return config_.num_samples / config_.num_shares / images_of_share(config_);
  }
  const int64_t per_step = config_.world_size * config_.batch_size;
  const int64_t slack = config_.drop_last ? 0 : per_step - 1;
  return (config_.num_samples + slack) / per_step;
}

std::vector<int64_t> Sampler::order_of_all(int64_t epoch) const {
  const int64_t num_samples = config_.num_samples;
  std::vector<int64_t> all(static_cast<size_t>(num_samples));
  if (!config_.shuffle) {
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  if (config_.num_shares == 1) {
    RandomStream random(
        config_.seed, StreamPurpose::kSampler, static_cast<uint64_t>(epoch));
    return random.permutation(num_samples);
  }
  const int64_t shares = config_.num_shares;
  const int64_t of_share = images_of_share(config_);
  for (int64_t share = 0; share < shares; ++share) {
    const int64_t begin = share * num_samples / shares;
    const int64_t end = (share + 1) * num_samples / shares;
    RandomStream random(
        config_.seed,
        StreamPurpose::kSampler,
        static_cast<uint64_t>(epoch),
        static_cast<uint64_t>(share));
    const auto own = random.permutation(end - begin);
    for (int64_t i = 0; i < steps_per_epoch() * of_share; ++i) {
      const int64_t step = i / of_share;
      const int64_t position = (step * shares + share) * of_share;
      all[static_cast<size_t>(position + i % of_share)] =
          begin + own[static_cast<size_t>(i)];
    }
  }
  return all;
}

std::vector<int64_t> Sampler::order(int64_t epoch) const {
  const auto all = order_of_all(epoch);
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
