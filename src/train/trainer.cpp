#include "train/trainer.h"

#include <chrono>
#include <cmath>

#include <fmt/ranges.h>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/weights.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/signals.h"
#include "runs/event_writer.h"
#include "runs/metrics_writer.h"
#include "train/health_watch.h"

namespace nadir::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::ordered_json;

constexpr auto kStatusInterval = std::chrono::seconds(5);
constexpr int64_t kUsageWindowImages = 10'000;  // two teacher views each

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The folder whose checkpoints/ holds the checkpoints.
fs::path checkpoint_root(const RunConfig& config) {
  return config.checkpoint_dir.empty() ? fs::path(config.output_dir)
                                       : fs::path(config.checkpoint_dir);
}

}  // namespace

// The files of a run that training appends to, and what rates need.
struct Trainer::Outputs {
  Outputs(
      runs::RunFolder& run_folder,
      std::optional<int64_t> resume_step,
      int64_t total_steps)
      : folder(run_folder),
        metrics(run_folder.paths().metrics, resume_step),
        events(run_folder.paths().root, resume_step),
        progress("training", total_steps, "steps") {}

  void write(const ordered_json& record) {
    metrics.write(record);
    events.write_record(record);
  }

  void write_event(int64_t step, const std::string& event, const std::string& text) {
    metrics.write({{"step", step}, {"event", event}, {"text", text}});
  }

  runs::RunFolder& folder;
  runs::MetricsWriter metrics;
  runs::EventWriter events;
  Progress progress;
  Clock::time_point start = Clock::now();
  Clock::time_point last_step_end = start;
  Clock::time_point last_status = start;
  double last_wait_s = 0;
  int64_t saved_step = -1;
  double last_loss = 0;
};

Trainer::Trainer(const TrainerInput& input)
    : input_(input),
      views_(input.dataset, input.normalization, input.config),
      steps_per_epoch_(
          views_.batches_per_epoch() / input.config.optim.accumulate),
      schedules_(input.config.optim, steps_per_epoch_),
      learner_(
          input.config,
          static_cast<int64_t>(input.dataset->bands().size()),
          input.device),
      prototype_usage_(input.config.head.out_dim, 2 * kUsageWindowImages) {
  NADIR_CHECK(
      input.config.run.stats_every_steps > 0,
      "stats_every_steps must be at least 1, got {}",
      input.config.run.stats_every_steps);
}

int64_t Trainer::total_steps() const { return schedules_.num_steps(); }

int64_t Trainer::epoch_of(int64_t step) const {
  return step / steps_per_epoch_;
}

void Trainer::resume_from(const fs::path& checkpoint) {
  const auto state = checkpoint::load_checkpoint(checkpoint);
  const auto& meta = state.meta;
  const auto steps_per_epoch = meta.at("steps_per_epoch").get<int64_t>();
  NADIR_CHECK(
      steps_per_epoch == steps_per_epoch_,
      "the run had {} steps an epoch, the data and batch size given now make "
      "{}; use the same data and batch_size_per_gpu x accumulate",
      steps_per_epoch,
      steps_per_epoch_);
  learner_.load_state(state.tensors);
  step_ = meta.at("step").get<int64_t>();
  if (meta.contains("best")) {
    best_ = Score{
        meta["best"].at("name").get<std::string>(),
        meta["best"].at("value").get<double>()};
    best_checkpoint_ = meta["best"].at("checkpoint").get<std::string>();
  }
}

StepResult Trainer::run_step() {
  step_samples_.clear();
  // Batches stay alive until the step is over: the tensors point into them.
  std::shared_ptr<const data::Batch> held;
  const bool with_statistics =
      step_ % input_.config.run.stats_every_steps == 0 ||
      step_ + 1 == total_steps();
  return learner_.step(
      step_, schedules_.at(step_), with_statistics, [&]() -> MicroBatch {
        held.reset();
        auto views = views_.next();
        held = views.batch;
        step_samples_.insert(
            step_samples_.end(),
            views.batch->samples.begin(),
            views.batch->samples.end());
        return {std::move(views.groups), views.num_images};
      });
}

void Trainer::write_record(Outputs& outputs, const StepResult& result) {
  const auto values = schedules_.at(step_ - 1);
  const double step_s = seconds_since(outputs.last_step_end);
  outputs.last_step_end = Clock::now();
  const double wait_s = views_.loader().wait_seconds();
  const double images_per_s =
      static_cast<double>(step_samples_.size()) / step_s;
  ordered_json record = {
      {"step", step_},
      {"epoch",
       static_cast<double>(step_) / static_cast<double>(steps_per_epoch_)},
      {"time_s", seconds_since(outputs.start)},
      {"loss", result.loss},
      {"lr", values.lr},
      {"weight_decay", values.weight_decay},
      {"momentum", values.momentum},
      {"teacher_temp", values.teacher_temp},
      {"grad_norm", result.gradients.total},
      {"images_per_s", images_per_s},
      {"data_wait_share", (wait_s - outputs.last_wait_s) / step_s}};
  outputs.last_wait_s = wait_s;
  outputs.last_loss = result.loss;
  if (result.has_statistics) {
    prototype_usage_.add(result.statistics.prototypes);
    record["teacher_entropy"] = result.statistics.teacher_entropy;
    record["student_entropy"] = result.statistics.student_entropy;
    record["kl"] = result.statistics.kl;
    record["batch_entropy"] = result.statistics.batch_entropy;
    record["prototypes_used"] = prototype_usage_.share();
    record["feature_rank"] = result.feature_rank;
    record["center_norm"] = result.center_norm;
    record["teacher_distance"] = result.teacher_distance;
    record["rss_bytes"] = resident_bytes();
  }
  outputs.write(record);
  outputs.progress.set_note(
      fmt::format("loss {:.3f}, {:.1f} images/s", result.loss, images_per_s));
  outputs.progress.advance();
}

void Trainer::save(Outputs& outputs) {
  if (outputs.saved_step == step_) {
    return;
  }
  checkpoint::State state;
  state.tensors = learner_.state();
  const auto& backbone = learner_.teacher_backbone();
  state.meta = {
      {"step", step_},
      {"epoch", epoch_of(step_)},
      {"steps_per_epoch", steps_per_epoch_},
      {"weights",
       checkpoint::weights_config(backbone.config(), input_.weights_info)}};
  if (best_) {
    state.meta["best"] = {
        {"name", best_->name},
        {"value", best_->value},
        {"checkpoint", best_checkpoint_}};
  }
  const fs::path root = checkpoint_root(input_.config.run);
  checkpoint::save_checkpoint(
      root / "checkpoints" / checkpoint::step_name(step_), state);
  std::set<std::string> keep;
  if (!best_checkpoint_.empty()) {
    keep.insert(best_checkpoint_);
  }
  checkpoint::prune(
      root, keep, input_.config.run.saveckp_freq * steps_per_epoch_);
  outputs.saved_step = step_;
  outputs.write_event(step_, "checkpoint", checkpoint::step_name(step_));
}

void Trainer::end_epoch(Outputs& outputs) {
  const auto& run = input_.config.run;
  const int64_t epoch = epoch_of(step_);
  const bool is_last = step_ == total_steps();
  if (input_.evaluate && run.knn_every_epochs > 0 &&
      (epoch % run.knn_every_epochs == 0 || is_last)) {
    const Score score = input_.evaluate(learner_.teacher_backbone());
    outputs.write(
        {{"step", step_},
         {"epoch", static_cast<double>(epoch)},
         {score.name, score.value}});
    const bool is_best = !best_ || score.value > best_->value;
    log_info(
        "train",
        "epoch {}/{}: loss {:.4f}, {} {:.4f}{}",
        epoch,
        input_.config.optim.epochs,
        outputs.last_loss,
        score.name,
        score.value,
        is_best ? " (best so far)" : "");
    if (is_best) {
      best_ = score;
      best_checkpoint_ = checkpoint::step_name(step_);
      save(outputs);
    }
    outputs.last_step_end = Clock::now();  // scoring is no part of a step
  } else {
    log_info(
        "train",
        "epoch {}/{}: loss {:.4f}",
        epoch,
        input_.config.optim.epochs,
        outputs.last_loss);
  }
  if (run.save_every_steps == 0 || is_last) {
    save(outputs);
    outputs.last_step_end = Clock::now();
  }
}

void Trainer::note_nonfinite(Outputs& outputs, const StepResult& result) {
  ++num_nonfinite_;
  std::vector<std::string> names;
  for (const int64_t sample : step_samples_) {
    names.push_back(input_.dataset->name(sample));
  }
  const auto file = outputs.folder.paths().root /
                    fmt::format("nonfinite-{}.json", step_);
  const nlohmann::json note = {
      {"step", step_},
      {"loss", std::isfinite(result.loss) ? "finite" : "not finite"},
      {"gradient", result.gradients.largest_name},
      {"images", names}};
  write_file(file, note.dump(2) + "\n");
  const std::string text = fmt::format(
      "step {}: {} not finite, step skipped ({} in a row); the batch's names "
      "are in {}",
      step_,
      std::isfinite(result.loss) ? "gradient is" : "loss is",
      num_nonfinite_,
      file.string());
  log_warning("train", "{}", text);
  outputs.write_event(step_, "warning", text);
  if (num_nonfinite_ <= input_.config.run.max_nonfinite_steps) {
    return;
  }
  save(outputs);
  fail(
      ErrorCode::kInternal,
      "{} steps in a row were not finite; the last good state is saved as {}. "
      "Likely cause: a learning rate too high, teacher_temp above 0.07, or "
      "images with absurd values (see {})",
      num_nonfinite_,
      checkpoint::step_name(step_),
      file.string());
}

TrainResult Trainer::run(runs::RunFolder& folder) {
  const auto& run = input_.config.run;
  const std::optional<int64_t> resume_step =
      step_ > 0 ? std::optional(step_) : std::nullopt;
  Outputs outputs(folder, resume_step, total_steps());
  outputs.progress.advance(step_);
  outputs.saved_step = resume_step.value_or(-1);
  outputs.write_event(
      step_,
      resume_step ? "resume" : "start",
      fmt::format("{} of {} steps", step_, total_steps()));
  HealthWatch watch(
      input_.config.head.out_dim, std::max<int64_t>(200, total_steps() / 10));

  const auto write_status = [&](runs::RunState state, std::string message) {
    runs::RunStatus status;
    status.state = state;
    status.step = step_;
    status.total_steps = total_steps();
    status.epoch =
        static_cast<double>(step_) / static_cast<double>(steps_per_epoch_);
    status.message = std::move(message);
    folder.write_status(status);
    outputs.last_status = Clock::now();
  };
  write_status(runs::RunState::kRunning, "");

  int64_t begun_epoch = -1;
  TrainResult result;
  try {
    while (step_ < total_steps()) {
      // One start an epoch where accumulation leaves batches over; else the
      // loader runs through.
      const int64_t epoch = epoch_of(step_);
      const bool has_left_over =
          views_.batches_per_epoch() % input_.config.optim.accumulate != 0;
      if (begun_epoch < 0 || (has_left_over && epoch != begun_epoch)) {
        const int64_t batch_in_epoch =
            step_ % steps_per_epoch_ * input_.config.optim.accumulate;
        views_.start(epoch, batch_in_epoch, input_.config.optim.epochs);
        outputs.last_wait_s = 0;
      }
      begun_epoch = epoch;
      const StepResult step_result = run_step();
      if (!step_result.is_finite) {
        note_nonfinite(outputs, step_result);
        ++step_;
      } else {
        num_nonfinite_ = 0;
        ++step_;
        write_record(outputs, step_result);
      }
      if (step_result.has_statistics && step_result.is_finite) {
        const std::string warning = watch.add(
            {step_,
             step_result.loss,
             step_result.statistics.teacher_entropy,
             step_result.statistics.kl,
             step_result.statistics.batch_entropy});
        if (!warning.empty()) {
          log_warning("train", "step {}: {}", step_, warning);
          outputs.write_event(step_, "warning", warning);
        }
      }
      if (step_ % steps_per_epoch_ == 0) {
        end_epoch(outputs);
      } else if (
          run.save_every_steps > 0 && step_ % run.save_every_steps == 0) {
        save(outputs);
      }
      if (Clock::now() - outputs.last_status > kStatusInterval) {
        write_status(runs::RunState::kRunning, "");
      }
      result.signal = caught_signal();
      if (result.signal != 0 ||
          (run.stop_after_steps > 0 && step_ >= run.stop_after_steps)) {
        break;
      }
    }
    save(outputs);
  } catch (const std::exception& error) {
    write_status(runs::RunState::kFailed, error.what());
    throw;
  }
  result.num_steps = step_;
  result.final_loss = outputs.last_loss;
  result.best = best_;
  result.is_finished = step_ == total_steps();
  const std::string how =
      result.is_finished     ? "finished"
      : result.signal != 0   ? fmt::format("stopped by signal {}", result.signal)
                             : "stopped after stop_after_steps";
  outputs.write_event(step_, result.is_finished ? "finish" : "stop", how);
  write_status(
      result.is_finished ? runs::RunState::kFinished : runs::RunState::kStopped,
      how);
  return result;
}

}  // namespace nadir::train
