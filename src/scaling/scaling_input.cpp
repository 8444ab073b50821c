#include "scaling/scaling_input.h"

#include <cmath>

#include "core/error.h"
#include "scaling/network_preset.h"

namespace nadir::scaling {
namespace {

void check_not_negative(double value, const char* key) {
  NADIR_CHECK(
      std::isfinite(value) && value >= 0,
      "{} must be >= 0, got {}",
      key,
      value);
}

void check_latency(double value, const char* key) {
  NADIR_CHECK(
      std::isfinite(value) && (value >= 0 || value == -1),
      "{} must be >= 0, or -1 for the network's, got {}",
      key,
      value);
}

}  // namespace

const std::vector<int64_t>& predicted_gpus() {
  static const std::vector<int64_t> numbers = {8, 16, 32, 64, 128, 256, 512};
  return numbers;
}

void check_scaling_config(const ScalingConfig& config) {
  (void)find_network_preset(config.network);
  check_not_negative(config.hosts_gbit_per_s, "hosts_gbit_per_s");
  check_latency(config.hosts_latency_us, "hosts_latency_us");
  check_not_negative(config.gpus_gbyte_per_s, "gpus_gbyte_per_s");
  check_latency(config.gpus_latency_us, "gpus_latency_us");
  check_not_negative(config.step_ms, "step_ms");
  check_not_negative(config.step_spread_percent, "step_spread_percent");
  check_not_negative(config.loader_images_per_s, "loader_images_per_s");
  const int64_t gpus = config.gpus_per_node;
  NADIR_CHECK(
      gpus >= 1 && gpus <= predicted_gpus().front() &&
          predicted_gpus().front() % gpus == 0,
      "gpus_per_node must be 1, 2, 4 or 8, so that {} GPUs and more fill "
      "their hosts; got {}",
      predicted_gpus().front(),
      gpus);
  NADIR_CHECK(
      config.step_images >= 0,
      "step_images must be >= 0, got {}",
      config.step_images);
  NADIR_CHECK(
      config.step_images == 0 || config.step_ms > 0,
      "step_images {} are of the step of --step-ms, which is missing",
      config.step_images);
  NADIR_CHECK(
      config.timed_steps >= 1,
      "timed_steps must be at least 1, got {}",
      config.timed_steps);
  NADIR_CHECK(
      config.tries >= 1, "tries must be at least 1, got {}", config.tries);
  NADIR_CHECK(
      config.rounds >= 1, "rounds must be at least 1, got {}", config.rounds);
}

Network network_of(const ScalingConfig& config) {
  Network network = find_network_preset(config.network).network;
  network.gpus_per_host = config.gpus_per_node;
  if (config.hosts_gbit_per_s > 0) {
    network.between.bytes_per_s = config.hosts_gbit_per_s * 1e9 / 8;
  }
  if (config.hosts_latency_us >= 0) {
    network.between.latency_s = config.hosts_latency_us * 1e-6;
  }
  if (config.gpus_gbyte_per_s > 0) {
    network.inside.bytes_per_s = config.gpus_gbyte_per_s * 1e9;
  }
  if (config.gpus_latency_us >= 0) {
    network.inside.latency_s = config.gpus_latency_us * 1e-6;
  }
  return network;
}

ScalingInput make_scaling_input(
    const ScalingConfig& config,
    const StepTimeline& timeline,
    int64_t num_images,
    double loader_images_per_s) {
  check_scaling_config(config);
  ScalingInput input;
  input.network = network_of(config);
  input.timeline = timeline;
  input.images_per_gpu =
      config.step_images > 0 ? config.step_images : num_images;
  input.step_spread = config.step_spread_percent / 100;
  input.loader_images_per_s = config.loader_images_per_s > 0
                                  ? config.loader_images_per_s
                                  : loader_images_per_s;
  if (config.step_ms > 0) {
    const double factor = config.step_ms * 1e-3 / timeline.compute_s();
    input.timeline = stretched(timeline, factor);
    for (auto& bucket : input.timeline.buckets) {
      bucket.pack_s = 0;
      bucket.unpack_s = 0;
    }
  }
  return input;
}

}  // namespace nadir::scaling
