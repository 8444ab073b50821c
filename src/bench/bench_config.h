// What `nadir bench` can be told. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::bench {

struct BenchConfig {
  std::vector<std::string> only;
  std::string device = "cpu";
  int64_t threads = 0;
  int64_t patches = 1000;
  std::string folder;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        only,
        "only",
        "Paths to measure, by name; empty measures all. Names: step_small, "
        "step_small_bf16, step_tiny, step_small_64px, features, features_bf16, "
        "features_int8, embed, views, "
        "shards, index, pack_tar, probe, probe_rates, knn, start.");
    visit(
        device,
        "device",
        "What computes: cpu, cuda or cuda:N. A GPU is measured on what it "
        "computes in training and embedding, alone.");
    visit(
        threads,
        "threads",
        "Processors to measure with, as on a machine that has no more; 0 takes "
        "all.");
    visit(
        patches,
        "patches",
        "Synthetic patches to make and read; few make rates uncertain.");
    visit(
        folder,
        "folder",
        "Folder on the disk to measure, for data that are removed again; empty "
        "takes the system's temporary folder.");
  }
};

}  // namespace nadir::bench
