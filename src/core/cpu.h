// What this machine's processor is and can do, for `doctor`, provenance and
// benchmark notes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir {

struct CpuInfo {
  std::string model;                  // e.g. "AMD EPYC 9654"
  std::vector<std::string> features;  // of avx2 avx512f ... amx_bf16
  int num_threads = 1;                // available_threads()
  int64_t memory_bytes = 0;           // of the machine or its cgroup
  int64_t available_bytes = 0;        // of them, not in use; 0: unknown
};

[[nodiscard]] CpuInfo read_cpu_info();

// Resident bytes of this process now and at its highest.
[[nodiscard]] int64_t resident_bytes();
[[nodiscard]] int64_t peak_resident_bytes();

// Processor time of all threads of this process so far, and of the children
// that it has waited for.
[[nodiscard]] double processor_time_s(bool with_children = false);

}  // namespace nadir
