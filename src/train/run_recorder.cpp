#include "train/run_recorder.h"

#include <optional>

#include "core/cpu.h"
#include "core/log.h"

namespace nadir::train {
namespace {

using nlohmann::ordered_json;

constexpr auto kStatusInterval = std::chrono::seconds(5);
constexpr int64_t kUsageWindowImages = 10'000;  // two teacher views each

template <class TimePoint>
double seconds_since(TimePoint start) {
  return std::chrono::duration<double>(TimePoint::clock::now() - start).count();
}

// The step behind which the folder's files go on; nothing for a new run. A run
// that was killed before its first checkpoint goes on behind step 0.
std::optional<int64_t> resume_step(
    const runs::RunFolder& folder, const RunPosition& position) {
  return std::filesystem::exists(folder.paths().metrics)
             ? std::optional(position.step)
             : std::nullopt;
}

}  // namespace

RunRecorder::Output::Output(
    runs::RunFolder& run_folder, const RunPosition& position)
    : folder(run_folder),
      events(folder.paths().root, resume_step(folder, position)),
      metrics(folder.paths().metrics, resume_step(folder, position)),
      progress(
          "training", position.total_steps, "steps", /*done=*/position.step) {}

RunRecorder::RunRecorder(
    runs::RunFolder* folder,
    const RunPosition& position,
    int64_t num_prototypes,
    c10::Device device)
    : output_(
          folder != nullptr ? std::make_unique<Output>(*folder, position)
                            : nullptr),
      gpu_(
          device.is_cuda() ? std::make_unique<GpuMeter>(
                                 device.has_index() ? device.index() : 0,
                                 process_environment())
                           : nullptr),
      prototype_usage_(num_prototypes, 2 * kUsageWindowImages),
      processor_time_s_(processor_time_s()) {}

void RunRecorder::add_machine_use(ordered_json& record) {
  record["rss_bytes"] = resident_bytes();
  const double used_s = processor_time_s() - processor_time_s_;
  record["processors_used"] = used_s / seconds_since(last_use_);
  processor_time_s_ += used_s;
  last_use_ = Clock::now();
  const auto use = gpu_ ? gpu_->read() : std::nullopt;
  if (use) {
    record["gpu_busy_share"] = use->busy_share;
    record["gpu_memory_bytes"] = use->memory_bytes;
  }
}

void RunRecorder::write(const ordered_json& record) {
  output_->metrics.write(record);
  output_->events.write_record(record);
}

void RunRecorder::write_step(
    const RunPosition& position,
    const StepValues& values,
    const StepResult& result,
    int64_t num_images,
    double wait_s) {
  if (!output_) {
    return;
  }
  const double step_s = seconds_since(step_start_);
  start_step_clock();
  const double images_per_s = static_cast<double>(num_images) / step_s;
  ordered_json record = {
      {"step", position.step},
      {"epoch", position.epoch()},
      {"time_s", seconds_since(start_)},
      {"loss", result.loss},
      {"lr", values.lr},
      {"weight_decay", values.weight_decay},
      {"momentum", values.momentum},
      {"teacher_temp", values.teacher_temp},
      {"grad_norm", result.gradients.total},
      {"images_per_s", images_per_s},
      {"data_wait_share", wait_s / step_s}};
  if (result.has_statistics) {
    prototype_usage_.add(result.statistics.prototypes);
    record["teacher_entropy"] = result.statistics.teacher_entropy;
    record["student_entropy"] = result.statistics.student_entropy;
    record["kl"] = result.statistics.kl;
    record["batch_entropy"] = result.statistics.batch_entropy();
    record["prototypes_used"] = prototype_usage_.share();
    record["feature_rank"] = result.feature_rank;
    record["center_norm"] = result.center_norm;
    record["teacher_distance"] = result.teacher_distance;
    add_machine_use(record);
  }
  write(record);
  output_->progress.set_note(
      fmt::format("loss {:.3f}, {:.1f} images/s", result.loss, images_per_s));
  output_->progress.advance();
}

void RunRecorder::skip_step() {
  start_step_clock();
  if (output_) {
    output_->progress.advance();
  }
}

void RunRecorder::write_score(
    const RunPosition& position, const std::string& name, double value) {
  if (output_) {
    write(
        {{"step", position.step}, {"epoch", position.epoch()}, {name, value}});
  }
}

void RunRecorder::write_event(
    int64_t step, const std::string& event, const std::string& text) {
  if (output_) {
    output_->metrics.write({{"step", step}, {"event", event}, {"text", text}});
  }
}

void RunRecorder::write_warning(int64_t step, const std::string& text) {
  if (output_) {
    log_warning("train", "step {}: {}", step, text);
  }
  write_event(step, "warning", text);
}

void RunRecorder::write_status(
    const RunPosition& position,
    runs::RunState state,
    const std::string& message) {
  if (!output_) {
    return;
  }
  runs::RunStatus status;
  status.state = state;
  status.step = position.step;
  status.total_steps = position.total_steps;
  status.epoch = position.epoch();
  status.message = message;
  output_->folder.write_status(status);
  last_status_ = Clock::now();
}

void RunRecorder::refresh_status(const RunPosition& position) {
  if (Clock::now() - last_status_ > kStatusInterval) {
    write_status(position, runs::RunState::kRunning, "");
  }
}

}  // namespace nadir::train
