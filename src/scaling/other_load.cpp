#include "scaling/other_load.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <unistd.h>

#include "core/cpu.h"

namespace nadir::scaling {
namespace {

struct ProcessorTimes {
  double all_s = 0;
  double busy_s = 0;
};

// Of all processors since the machine started; proc(5).
ProcessorTimes processor_times() {
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  ProcessorTimes times;
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is
  // part of the first two.
  for (int column = 0; column < 8; ++column) {
    double ticks = 0;
    if (!(file >> ticks)) {
      return {};
    }
    const bool is_idle = column == 3 || column == 4;
    times.all_s += ticks;
    times.busy_s += is_idle ? 0 : ticks;
  }
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  times.all_s /= per_second;
  times.busy_s /= per_second;
  return times;
}

}  // namespace

OtherLoad::OtherLoad() {
  const ProcessorTimes times = processor_times();
  start_all_s_ = times.all_s;
  start_busy_s_ = times.busy_s;
  start_own_s_ = processor_time_s(/*with_children=*/true);
}

double OtherLoad::share() const {
  const ProcessorTimes times = processor_times();
  const double all_s = times.all_s - start_all_s_;
  if (all_s <= 0) {
    return 0;
  }
  const double others_s =
      times.busy_s - start_busy_s_ -
      (processor_time_s(/*with_children=*/true) - start_own_s_);
  return std::clamp(others_s / all_s, 0.0, 1.0);
}

}  // namespace nadir::scaling
