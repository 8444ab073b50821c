// `nadir bench`: the hot paths of the program on this machine, each
// beside the limit of the machine that it is held against.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench_config.h"
#include "bench/cases.h"
#include "bench/disk_rate.h"

namespace nadir::bench {

// 0 where no path that was asked for is held against it.
struct MachineLimits {
  double products_gflop_per_s = 0;
  double bf16_products_gflop_per_s = 0;
  double memory_gbyte_per_s = 0;
  double memory_one_core_gbyte_per_s = 0;
  DiskRate disk;
};

struct Row {
  std::string name;
  std::string path;
  std::string unit;
  double rate = 0;             // median, in `unit`
  double spread = 0;           // relative, scaling::relative_spread()
  int64_t repeats = 0;         // that were timed
  double cpu_ms_per_item = 0;  // of all threads; 0: of other processes
  Limit limit = Limit::kProducts;
  double reached = 0;     // in the limit's unit
  double limit_rate = 0;  // the same; 0: could not be measured
  std::string note;

  // Of the limit; 0 where there is none.
  [[nodiscard]] double share() const {
    return limit_rate > 0 ? reached / limit_rate : 0;
  }
};

struct MachineReport {
  MachineLimits limits;
  std::vector<Row> rows;
  int num_threads = 1;
  std::string device = "cpu";
  double other_load = 0;  // share of the processors' time that others took
  double wall_s = 0;
};

// "matrix products", and "GFLOP/s".
[[nodiscard]] const char* name_of(Limit limit);
[[nodiscard]] const char* unit_of(Limit limit);

// Measures limits, then paths; logs a line for each. Data lie in a temporary
// folder that is gone afterwards, whatever happens. `program` is this program's
// file. Throws Error{kInvalidArgument} for fields out of range before anything
// is measured, Error{kIo}, and Stopped after a signal.
[[nodiscard]] MachineReport bench_machine(
    const BenchConfig& config, const std::string& program);

}  // namespace nadir::bench
