// What a training leaves in its run folder as it goes: records and events of
// metrics.jsonl, TensorBoard's curves, status.json; and the progress line.
// Formats: docs/formats/run-folder.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <c10/core/Device.h>
#include <nlohmann/json.hpp>

#include "core/gpu_meter.h"
#include "core/progress.h"
#include "runs/event_writer.h"
#include "runs/metrics_writer.h"
#include "runs/run_folder.h"
#include "ssl/dino_statistics.h"
#include "train/dino_learner.h"
#include "train/schedules.h"

namespace nadir::train {

// Where a training stands.
struct RunPosition {
  int64_t step = 0;  // steps done
  int64_t total_steps = 0;
  int64_t steps_per_epoch = 1;

  [[nodiscard]] double epoch() const {
    return static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  }
};

// Not thread-safe.
class RunRecorder {
 public:
  // Opens the files of `folder` to go on behind `position`: records of later
  // steps, which a crash has left, are removed. `folder` must outlive the
  // object; null leaves and shows nothing, since another rank does. Watches
  // `device` where it is a GPU. Throws Error{kIo}.
  RunRecorder(
      runs::RunFolder* folder,
      const RunPosition& position,
      int64_t num_prototypes,
      c10::Device device);

  // A step that was taken. `wait_s` are the seconds that its images were
  // waited for.
  void write_step(
      const RunPosition& position,
      const StepValues& values,
      const StepResult& result,
      int64_t num_images,
      double wait_s);

  // A step that was not taken, since it was not finite.
  void skip_step();

  void write_score(
      const RunPosition& position, const std::string& name, double value);

  // `event` is one of the kinds of run-folder.md.
  void write_event(
      int64_t step, const std::string& event, const std::string& text);

  // The same, as a warning of the log too.
  void write_warning(int64_t step, const std::string& text);

  // Replaces status.json.
  void write_status(
      const RunPosition& position,
      runs::RunState state,
      const std::string& message);

  // "running" in status.json, if that was not said in the last seconds.
  void refresh_status(const RunPosition& position);

  // What came since the last step is no part of the next one's time.
  void start_step_clock() { step_start_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;

  // What is written and shown, where it is.
  struct Output {
    Output(runs::RunFolder& run_folder, const RunPosition& position);

    runs::RunFolder& folder;
    runs::EventWriter events;  // first: the metrics file's absence tells it
    runs::MetricsWriter metrics;
    Progress progress;
  };

  void write(const nlohmann::ordered_json& record);
  void add_machine_use(nlohmann::ordered_json& record);

  std::unique_ptr<Output> output_;
  std::unique_ptr<const GpuMeter> gpu_;  // null on a CPU
  ssl::PrototypeUsage prototype_usage_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point step_start_ = start_;
  Clock::time_point last_status_ = start_;
  Clock::time_point last_use_ = start_;
  double processor_time_s_ = 0;  // at last_use_
};

}  // namespace nadir::train
