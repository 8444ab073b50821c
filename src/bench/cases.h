// The hot paths of the program, each as a case that can be measured: what was
// done in which time, and which limit of the machine it is held against.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bench/bench_data.h"
#include "bench/timing.h"

namespace nadir::bench {

// What bounds a path. The last three are measured by the cases themselves.
enum class Limit {
  kProducts,         // float32 matrix products, GFLOP/s
  kBf16Products,     // bfloat16 ones, for rows that a GPU makes in bfloat16
  kMemory,           // memory read and written by all threads, GB/s
  kMemoryOfOneCore,  // by one thread, GB/s
  kDiskWrite,        // synchronised, GB/s
  kPlainCopy,        // the same bytes copied by one thread, GB/s
  kPlainRead,        // the same files read, and nothing else done; files/s
  kEmptyProcess      // a process that does nothing, starts/s
};

struct CaseContext {
  BenchData& data;
  int num_threads = 1;
  std::string device = "cpu";  // that computes: cpu, or cuda:0 ...
  // To start: this program.
  std::string program;
};

struct Measured {
  Times times;           // of each repeat
  double num_items = 0;  // done by a repeat
  double work = 0;       // of a repeat: GFLOP, GB, files or starts
  double own_limit = 0;  // of the last three kinds; 0: there was none
  std::string note;      // for people, may be empty
};

struct Case {
  std::string name;  // for --only. Persistent.
  std::string path;  // "pretraining step, ViT-S/16, ..."
  std::string unit;  // "images/s"
  Limit limit;
  std::function<Measured(const CaseContext&)> run;
};

// In the order of the table; for a GPU, what a GPU computes, in its batches.
[[nodiscard]] std::vector<Case> cases(bool is_gpu = false);

// Those named, in the order of the table; all where `names` is empty. Throws
// Error{kInvalidArgument} with the nearest name for one that is not there.
[[nodiscard]] std::vector<Case> choose_cases(
    const std::vector<std::string>& names, bool is_gpu = false);

// The groups that cases() joins, each of a file.
[[nodiscard]] std::vector<Case> training_cases(bool is_gpu);
[[nodiscard]] std::vector<Case> embedding_cases(bool is_gpu);
[[nodiscard]] std::vector<Case> data_cases();
[[nodiscard]] std::vector<Case> evaluation_cases();
[[nodiscard]] Case start_case();

}  // namespace nadir::bench
