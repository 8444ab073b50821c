// What `nadir bench scaling` can be told beside the recipe. Torch-free.
#pragma once

#include <cstdint>
#include <string>

namespace nadir::scaling {

struct ScalingConfig {
  std::string network = "ethernet-100";
  double hosts_gbit_per_s = 0;
  double hosts_latency_us = -1;
  double gpus_gbyte_per_s = 0;
  double gpus_latency_us = -1;
  int64_t gpus_per_node = 8;
  double step_ms = 0;
  int64_t step_images = 0;
  double step_spread_percent = 2;
  double loader_images_per_s = 0;
  int64_t timed_steps = 5;
  int64_t tries = 3;
  int64_t rounds = 3;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        network,
        "network",
        "Network assumed: ethernet-25, ethernet-100, efa-400, efa-3200, "
        "infiniband-3200.");
    visit(
        hosts_gbit_per_s,
        "hosts_gbit_per_s",
        "Bandwidth of a host to others, Gbit/s each way; 0 is the network's.");
    visit(
        hosts_latency_us,
        "hosts_latency_us",
        "Latency between hosts, microseconds; -1 is the network's.");
    visit(
        gpus_gbyte_per_s,
        "gpus_gbyte_per_s",
        "Bandwidth of a GPU inside its host, Gbyte/s each way; 0 is the "
        "network's.");
    visit(
        gpus_latency_us,
        "gpus_latency_us",
        "Latency inside a host, microseconds; -1 is the network's.");
    visit(gpus_per_node, "gpus_per_node", "GPUs of a host.");
    visit(
        step_ms,
        "step_ms",
        "A step of one GPU, measured elsewhere or assumed; 0 predicts for "
        "devices that are as fast as this machine.");
    visit(
        step_images,
        "step_images",
        "Images of the step of --step-ms; 0 is batch_size_per_gpu.");
    visit(
        step_spread_percent,
        "step_spread_percent",
        "Assumed standard deviation of a GPU's step over its mean.");
    visit(
        loader_images_per_s,
        "loader_images_per_s",
        "Images that a host's loader delivers; 0 takes what --data does here, "
        "or without it never waits.");
    visit(timed_steps, "timed_steps", "Steps a measurement, after two more.");
    visit(
        tries,
        "tries",
        "Times, at most, that a measurement is taken where others disturb it; "
        "the least disturbed counts.");
    visit(
        rounds, "rounds", "Times that --check measures everything, by turns.");
  }
};

}  // namespace nadir::scaling
