#include "scaling/scaling_input.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::scaling {
namespace {

StepTimeline timeline_here() {
  StepTimeline timeline;
  timeline.forward_s = 1;
  timeline.backward_s = 2;
  timeline.update_s = 1;
  timeline.buckets = {{100, 1, 0.1, 0.1}};
  return timeline;
}

TEST(ScalingInput, AGivenStepKeepsTheSharesOfTheOneMeasured) {
  ScalingConfig config;
  config.step_ms = 200;
  config.step_images = 64;
  const auto input = make_scaling_input(config, timeline_here(), 8, 0);
  EXPECT_NEAR(input.timeline.compute_s(), 0.2, 1e-12);
  EXPECT_NEAR(input.timeline.backward_s, 0.1, 1e-12);
  EXPECT_NEAR(input.timeline.buckets[0].ready_s, 0.05, 1e-12);
  EXPECT_EQ(input.timeline.buckets[0].pack_s, 0);
  EXPECT_EQ(input.images_per_gpu, 64);
}

TEST(ScalingInput, WithoutOneTheGpuIsThisMachine) {
  const auto input = make_scaling_input({}, timeline_here(), 8, 123);
  EXPECT_EQ(input.timeline.compute_s(), 4);
  EXPECT_EQ(input.timeline.buckets[0].pack_s, 0.1);
  EXPECT_EQ(input.images_per_gpu, 8);
  EXPECT_EQ(input.loader_images_per_s, 123);
}

TEST(ScalingInput, FieldsChangeTheNamedNetwork) {
  ScalingConfig config;
  config.network = "efa-400";
  EXPECT_DOUBLE_EQ(network_of(config).between.bytes_per_s, 5e10);
  config.hosts_gbit_per_s = 8;
  config.hosts_latency_us = 0;
  config.gpus_gbyte_per_s = 2;
  config.gpus_latency_us = 3;
  config.gpus_per_node = 4;
  const auto network = network_of(config);
  EXPECT_DOUBLE_EQ(network.between.bytes_per_s, 1e9);
  EXPECT_EQ(network.between.latency_s, 0);
  EXPECT_DOUBLE_EQ(network.inside.bytes_per_s, 2e9);
  EXPECT_DOUBLE_EQ(network.inside.latency_s, 3e-6);
  EXPECT_EQ(network.gpus_per_host, 4);
}

TEST(ScalingInput, RefusesFieldsOutOfRangeByName) {
  const auto message_of = [](const std::function<void(ScalingConfig&)>& set) {
    ScalingConfig config;
    set(config);
    try {
      check_scaling_config(config);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(
      message_of([](auto& config) { config.step_ms = -1; }),
      "step_ms must be >= 0, got -1");
  EXPECT_EQ(
      message_of([](auto& config) { config.gpus_latency_us = -0.5; }),
      "gpus_latency_us must be >= 0, or -1 for the network's, got -0.5");
  EXPECT_NE(
      message_of([](auto& config) { config.gpus_per_node = 3; }).find("got 3"),
      std::string::npos);
  EXPECT_NE(
      message_of([](auto& config) {
        config.network = "token-ring";
      }).find("token-ring"),
      std::string::npos);
  EXPECT_NE(
      message_of([](auto& config) {
        config.step_images = 64;
      }).find("--step-ms"),
      std::string::npos);
  EXPECT_NE(
      message_of([](auto& config) {
        config.hosts_gbit_per_s = std::numeric_limits<double>::quiet_NaN();
      }).find("hosts_gbit_per_s"),
      std::string::npos);
  EXPECT_EQ(message_of([](auto&) {}), "accepted");
}

}  // namespace
}  // namespace nadir::scaling
