#include "bench/machine_bench.h"

#include <algorithm>
#include <filesystem>

#include <ATen/Parallel.h>

#include "bench/memory_rate.h"
#include "bench/processor_limit.h"
#include "bench/product_rate.h"
#include "bench/timing.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/signals.h"
#include "model/device.h"
#include "scaling/median.h"
#include "scaling/other_load.h"

namespace nadir::bench {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDiskBytes = int64_t{256} << 20;

// LibTorch's threads as they were, afterwards.
class TorchThreads {
 public:
  explicit TorchThreads(int num_threads) : before_(at::get_num_threads()) {
    at::set_num_threads(num_threads);
  }

  ~TorchThreads() { at::set_num_threads(before_); }

  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  int before_;
};

bool needs(const std::vector<Case>& chosen, Limit limit) {
  return std::any_of(chosen.begin(), chosen.end(), [&](const Case& one) {
    return one.limit == limit;
  });
}

MachineLimits measure_limits(
    const std::vector<Case>& chosen,
    at::Device device,
    int num_threads,
    const fs::path& folder) {
  MachineLimits limits;
  if (needs(chosen, Limit::kProducts)) {
    limits.products_gflop_per_s =
        measure_product_gflop_per_s(model::Precision::kFp32, device);
  }
  if (needs(chosen, Limit::kBf16Products)) {
    limits.bf16_products_gflop_per_s =
        measure_product_gflop_per_s(model::Precision::kBf16, device);
  }
  if (needs(chosen, Limit::kMemory)) {
    limits.memory_gbyte_per_s = measure_copy_gbyte_per_s(num_threads);
  }
  if (needs(chosen, Limit::kMemoryOfOneCore)) {
    limits.memory_one_core_gbyte_per_s = measure_copy_gbyte_per_s(1);
  }
  if (needs(chosen, Limit::kDiskWrite)) {
    limits.disk = measure_disk(folder, kDiskBytes);
  }
  return limits;
}

double limit_rate_of(
    Limit limit, const MachineLimits& limits, const Measured& measured) {
  switch (limit) {
    case Limit::kProducts:
      return limits.products_gflop_per_s;
    case Limit::kBf16Products:
      return limits.bf16_products_gflop_per_s;
    case Limit::kMemory:
      return limits.memory_gbyte_per_s;
    case Limit::kMemoryOfOneCore:
      return limits.memory_one_core_gbyte_per_s;
    case Limit::kDiskWrite:
      return limits.disk.write_gbyte_per_s;
    case Limit::kPlainCopy:
    case Limit::kPlainRead:
    case Limit::kEmptyProcess:
      break;
  }
  return measured.own_limit;
}

Row row_of(
    const Case& one, const Measured& measured, const MachineLimits& limits) {
  const double seconds = scaling::median(measured.times.wall_s);
  Row row;
  row.name = one.name;
  row.path = one.path;
  row.unit = one.unit;
  row.rate = measured.num_items / seconds;
  if (!measured.times.cpu_s.empty()) {
    row.cpu_ms_per_item =
        1e3 * scaling::median(measured.times.cpu_s) / measured.num_items;
  }
  row.spread = scaling::relative_spread(measured.times.wall_s);
  row.repeats = static_cast<int64_t>(measured.times.wall_s.size());
  row.limit = one.limit;
  row.reached = measured.work / seconds;
  row.limit_rate = limit_rate_of(one.limit, limits, measured);
  row.note = measured.note;
  return row;
}

fs::path folder_of(const BenchConfig& config) {
  if (config.folder.empty()) {
    return fs::temp_directory_path();
  }
  std::error_code error;
  NADIR_CHECK(
      fs::is_directory(config.folder, error),
      "folder must be one that is there, got '{}'; make it first",
      config.folder);
  return config.folder;
}

}  // namespace

const char* name_of(Limit limit) {
  switch (limit) {
    case Limit::kProducts:
      return "matrix products";
    case Limit::kBf16Products:
      return "matrix products in bfloat16";
    case Limit::kMemory:
      return "memory";
    case Limit::kMemoryOfOneCore:
      return "memory, one core";
    case Limit::kDiskWrite:
      return "disk, written";
    case Limit::kPlainCopy:
      return "the same bytes only copied";
    case Limit::kPlainRead:
      return "the same files only read";
    case Limit::kEmptyProcess:
      break;
  }
  return "an empty program";
}

const char* unit_of(Limit limit) {
  switch (limit) {
    case Limit::kProducts:
    case Limit::kBf16Products:
      return "GFLOP/s";
    case Limit::kMemory:
    case Limit::kMemoryOfOneCore:
    case Limit::kDiskWrite:
    case Limit::kPlainCopy:
      return "GB/s";
    case Limit::kPlainRead:
      return "files/s";
    case Limit::kEmptyProcess:
      break;
  }
  return "starts/s";
}

MachineReport bench_machine(
    const BenchConfig& config, const std::string& program) {
  const auto device = model::open_device(config.device);
  const auto chosen = choose_cases(config.only, !device.is_cpu());
  const auto parent = folder_of(config);
  NADIR_CHECK(
      config.patches >= 32,
      "patches must be at least 32, got {}",
      config.patches);
  const ProcessorLimit processors(config.threads);
  MachineReport report;
  report.num_threads = available_threads();
  const TorchThreads threads(report.num_threads);
  BenchData data(parent, config.patches);
  const scaling::OtherLoad load;
  const Stopwatch watch;
  log_info("bench", "the machine's limits");
  report.device = device.str();
  report.limits =
      measure_limits(chosen, device, report.num_threads, data.folder());
  const CaseContext context{data, report.num_threads, report.device, program};
  for (const auto& one : chosen) {
    stop_if_told(kRatesSoFar);
    log_info(
        "bench",
        "{} of {}: {}",
        report.rows.size() + 1,
        chosen.size(),
        one.path);
    report.rows.push_back(row_of(one, one.run(context), report.limits));
  }
  report.wall_s = watch.seconds();
  report.other_load = load.share();
  return report;
}

}  // namespace nadir::bench
