// Writes a run's event files as a trainer with one crash and resume does, for
// tensorboard_parity.py: event_fixture FOLDER. Prints what a reader must see.
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "runs/event_writer.h"

namespace {

nlohmann::ordered_json record_of(int step) {
  return {
      {"step", step},
      {"epoch", step / 10.0},
      {"time_s", step * 0.5},
      {"loss", 8.3 - std::log1p(step)},
      {"lr", 1e-6 * step},
      {"images_per_s", 180.0 + step % 7},
      {"rss_bytes", 3000000000LL + step}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: event_fixture FOLDER\n");
    return 2;
  }
  constexpr int kCheckpointStep = 60;
  constexpr int kCrashStep = 75;
  constexpr int kNumSteps = 120;
  {
    nadir::runs::EventWriter writer(argv[1]);
    for (int step = 1; step <= kCrashStep; ++step) {
      auto record = record_of(step);
      if (step > kCheckpointStep) {
        record["loss"] = -1.0;  // lost with the crash: must never be seen
      }
      writer.write_record(record);
    }
  }
  nadir::runs::EventWriter writer(argv[1], kCheckpointStep);
  for (int step = kCheckpointStep + 1; step <= kNumSteps; ++step) {
    writer.write_record(record_of(step));
    if (step % 30 == 0) {
      writer.write_record({{"step", step}, {"knn_top1", step / 200.0}});
    }
  }
  for (int step = 1; step <= kNumSteps; ++step) {
    std::printf("%s\n", nadir::json_text(record_of(step)).c_str());
  }
}
