#include "core/cpu.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

#include "core/parallel.h"

namespace nadir {
namespace {

// Features that decide which kernels run and how fast; /proc/cpuinfo's names.
constexpr std::array kFeaturesOfInterest = {
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16"};

int64_t read_number(const char* path) {
  std::ifstream file(path);
  int64_t value = 0;
  return file >> value ? value : 0;
}

int64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("MemAvailable:")) {
      return 1024 * std::stoll(line.substr(line.find(':') + 1));
    }
  }
  return 0;
}

}  // namespace

CpuInfo read_cpu_info() {
  CpuInfo info;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) {
      continue;
    }
    if (info.model.empty() && line.starts_with("model name")) {
      info.model = line.substr(colon + 2);
    }
    if (info.features.empty() && line.starts_with("flags")) {
      std::istringstream words(line.substr(colon + 2));
      for (std::string word; words >> word;) {
        if (std::find(
                kFeaturesOfInterest.begin(), kFeaturesOfInterest.end(), word) !=
            kFeaturesOfInterest.end()) {
          info.features.push_back(word);
        }
      }
    }
  }
  info.num_threads = available_threads();
  info.memory_bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) *
                      static_cast<int64_t>(sysconf(_SC_PAGESIZE));
  info.available_bytes = available_memory();
  const int64_t limit = read_number("/sys/fs/cgroup/memory.max");
  if (limit > 0) {
    const int64_t used = read_number("/sys/fs/cgroup/memory.current");
    info.memory_bytes = std::min(info.memory_bytes, limit);
    info.available_bytes =
        std::min(info.available_bytes, std::max<int64_t>(limit - used, 0));
  }
  return info;
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<int64_t>(sysconf(_SC_PAGESIZE));
}

int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

double processor_time_s(bool with_children) {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    if (who == RUSAGE_CHILDREN && !with_children) {
      continue;
    }
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(time.tv_sec) +
             1e-6 * static_cast<double>(time.tv_usec);
    }
  }
  return sum;
}

}  // namespace nadir
