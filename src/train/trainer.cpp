#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "checkpoint/checkpoint_folder.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/signals.h"
#include "train/check_config.h"

namespace nadir::train {
namespace {

namespace fs = std::filesystem;

// Nothing is judged before: a run needs some steps to leave chance.
constexpr int64_t kLeastGraceSteps = 200;

// Before any member divides by one of its fields.
const TrainerInput& checked(const TrainerInput& input) {
  check_config(input.config);
  return input;
}

// Throws the error that is being handled. Of several ranks it says which one
// has met what others have not, its disk or its images: they only lose it.
[[noreturn]] void rethrow_as_of_rank(
    const std::exception& error, const distributed::Communicator& group) {
  const auto* own = dynamic_cast<const Error*>(&error);
  if (own != nullptr && group.world_size() > 1 &&
      (own->code() == ErrorCode::kIo || own->code() == ErrorCode::kNotFound ||
       own->code() == ErrorCode::kCorruptData)) {
    fail(ErrorCode::kDistributed, "{}: {}", group.name(), error.what());
  }
  throw;
}

}  // namespace

Trainer::Trainer(const TrainerInput& input)
    : input_(checked(input)),
      group_(*input_.group),
      views_(
          input.dataset,
          input.normalization,
          input.config,
          group_.rank(),
          group_.world_size(),
          input.device),
      steps_per_epoch_(
          views_.batches_per_epoch() / input.config.optim.accumulate),
      schedules_(
          input.config.optim,
          steps_per_epoch_,
          images_per_step(input.config.optim, group_.world_size())),
      learner_(
          input.config,
          static_cast<int64_t>(input.dataset->bands().size()),
          input.device,
          input.group),
      watch_(
          input.config.head.out_dim,
          std::max(kLeastGraceSteps, schedules_.num_steps() / 10)),
      saver_(input.config.run, steps_per_epoch_) {}

RunPosition Trainer::position() const {
  return {step_, total_steps(), steps_per_epoch_};
}

// All ranks stop before the same step, whichever of them was told to.
bool Trainer::must_stop() {
  const auto signals = group_.gather(at::full({1}, caught_signal(), at::kLong));
  signal_ = static_cast<int>(signals.max().item<int64_t>());
  const int64_t limit = input_.config.run.stop_after_steps;
  return signal_ != 0 || (limit > 0 && step_ >= limit);
}

// The first rank's state and place for all.
void Trainer::share_start() {
  learner_.share_state();
  const auto place = at::tensor({step_}, at::kLong);
  group_.broadcast(place);
  step_ = place[0].item<int64_t>();
}

void Trainer::resume_from(const fs::path& checkpoint) {
  const auto state = checkpoint::load_checkpoint(checkpoint);
  try {
    const auto& meta = state.meta;
    const int64_t batch =
        images_per_step(input_.config.optim, group_.world_size());
    const int64_t batch_of_run = meta.value("batch", batch);
    NADIR_CHECK(
        batch == batch_of_run,
        "the run had {} images a step, now batch_size_per_gpu {} x accumulate "
        "{} x {} processes are {}; choose them so that the product is the same",
        batch_of_run,
        input_.config.optim.batch_size_per_gpu,
        input_.config.optim.accumulate,
        group_.world_size(),
        batch);
    const auto steps_per_epoch = meta.at("steps_per_epoch").get<int64_t>();
    const auto step = meta.at("step").get<int64_t>();
    NADIR_CHECK(
        steps_per_epoch == steps_per_epoch_ && step <= total_steps(),
        "the run had {} steps an epoch and {} are done, the data and batch "
        "size given now make {} epochs of {}; use the same data, epochs and "
        "batch",
        steps_per_epoch,
        step,
        input_.config.optim.epochs,
        steps_per_epoch_);
    learner_.load_state(state.tensors);
    step_ = step;
    saver_.note_saved(step);
    last_loss_ = meta.at("loss").get<double>();
    if (meta.contains("best")) {
      const auto& best = meta["best"];
      best_ = Score{
          best.at("name").get<std::string>(), best.at("value").get<double>()};
      best_checkpoint_ = best.at("checkpoint").get<std::string>();
    }
  } catch (const nlohmann::json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} was not written by this version of the trainer: {}",
        (checkpoint / "meta.json").string(),
        error.what());
  }
}

TrainResult Trainer::run(runs::RunFolder* folder) {
  NADIR_ASSERT((folder != nullptr) == group_.is_first());
  share_start();
  RunRecorder recorder(
      folder, position(), input_.config.head.out_dim, input_.device);
  try {
    recorder.write_event(
        step_,
        step_ > 0 ? "resume" : "start",
        fmt::format("{} of {} steps", step_, total_steps()));
    recorder.write_status(position(), runs::RunState::kRunning, "");
    train_and_save(recorder);
    return finish(recorder);
  } catch (const std::exception& error) {
    try {
      recorder.write_status(position(), runs::RunState::kFailed, error.what());
    } catch (const Error&) {
      // Its disk is full, say. The first error tells more.
    }
    rethrow_as_of_rank(error, group_);
  }
}

// Says in the run folder how the training ended.
TrainResult Trainer::finish(RunRecorder& recorder) {
  TrainResult result;
  result.num_steps = step_;
  result.final_loss = last_loss_;
  result.best = best_;
  result.signal = signal_;
  result.is_finished = step_ == total_steps();
  const std::string how =
      result.is_finished   ? "finished"
      : result.signal != 0 ? fmt::format("stopped by signal {}", result.signal)
                           : "stopped after stop_after_steps";
  recorder.write_event(step_, result.is_finished ? "finish" : "stop", how);
  recorder.write_status(
      position(),
      result.is_finished ? runs::RunState::kFinished : runs::RunState::kStopped,
      how);
  return result;
}

void Trainer::train_and_save(RunRecorder& recorder) {
  try {
    train(recorder);
  } catch (const Error&) {
    // An image that could not be read, say: the step that met it has moved
    // nothing. What LibTorch throws may come from the midst of a change.
    name_bad_images(recorder);
    save_last(recorder);
    throw;
  }
  name_bad_images(recorder);
  save_last(recorder);
}

void Trainer::save_last(RunRecorder& recorder) {
  try {
    saver_.finish(recorder);
  } catch (const Error&) {
    // The last state is tried all the same, and its error is the one to tell.
  }
  save(recorder);
  saver_.finish(recorder);
}

void Trainer::train(RunRecorder& recorder) {
  const int64_t save_every_steps = input_.config.run.save_every_steps;
  started_epoch_ = -1;
  while (step_ < total_steps() && !must_stop()) {
    start_loader();
    take_step(recorder);
    if (step_ % steps_per_epoch_ == 0) {
      end_epoch(recorder);
    }
    if (save_every_steps > 0 && step_ % save_every_steps == 0) {
      save(recorder);
    }
    saver_.finish_if_done(recorder);
    recorder.refresh_status(position());
  }
}

// One start an epoch where accumulation leaves batches over; else the loader
// runs through.
void Trainer::start_loader() {
  const int64_t accumulate = input_.config.optim.accumulate;
  const int64_t epoch = step_ / steps_per_epoch_;
  const bool has_left_over = views_.batches_per_epoch() % accumulate != 0;
  if (started_epoch_ < 0 || (has_left_over && epoch != started_epoch_)) {
    views_.start(
        epoch,
        step_ % steps_per_epoch_ * accumulate,
        input_.config.optim.epochs);
  }
  started_epoch_ = epoch;
}

void Trainer::take_step(RunRecorder& recorder) {
  const StepValues values = schedules_.at(step_);
  StepImages images;
  const StepResult result = compute_step(values, images);
  if (!result.is_finite) {
    skip_step(recorder, result, images);
    return;
  }
  ++step_;
  num_nonfinite_ = 0;
  last_loss_ = result.loss;
  recorder.write_step(
      position(),
      values,
      result,
      static_cast<int64_t>(images.samples.size()) * group_.world_size(),
      images.wait_s);
  if (result.has_statistics) {
    learner_.check_same_state();
    watch_ranks(recorder, result);
    const std::string warning = watch_.add(
        {step_,
         result.loss,
         result.statistics.teacher_entropy,
         result.statistics.kl,
         result.statistics.batch_entropy()});
    if (!warning.empty()) {
      recorder.write_warning(step_, warning);
    }
  }
}

void Trainer::watch_ranks(RunRecorder& recorder, const StepResult& result) {
  const auto compute_s = group_.gather(
      at::full({1}, result.forward_s + result.backward_s, at::kDouble));
  const auto* first = compute_s.const_data_ptr<double>();
  const std::string warning =
      rank_watch_.add({first, first + compute_s.numel()}, group_.hosts());
  if (!warning.empty()) {
    recorder.write_warning(step_, warning);
  }
}

StepResult Trainer::compute_step(const StepValues& values, StepImages& images) {
  // Batches stay alive until the step is over: the tensors point into them.
  std::shared_ptr<const data::Batch> held;
  const bool with_statistics =
      step_ % input_.config.run.stats_every_steps == 0 ||
      step_ + 1 == total_steps();
  return learner_.step(step_, values, with_statistics, [&]() -> MicroBatch {
    held.reset();
    auto views = views_.next();
    held = views.batch;
    images.samples.insert(
        images.samples.end(), held->samples.begin(), held->samples.end());
    images.wait_s += views.wait_s;
    return {std::move(views.groups), views.num_images};
  });
}

void Trainer::skip_step(
    RunRecorder& recorder, const StepResult& result, const StepImages& images) {
  ++num_nonfinite_;
  const bool is_loss_finite = std::isfinite(result.loss);
  const auto samples =
      group_.gather(at::tensor(images.samples, at::kLong)).flatten();
  std::vector<std::string> names;
  for (int64_t i = 0; i < samples.numel(); ++i) {
    names.push_back(input_.dataset->name(samples[i].item<int64_t>()));
  }
  const fs::path file = fs::path(input_.config.run.output_dir) /
                        fmt::format("nonfinite-{}.json", step_);
  const nlohmann::json note = {
      {"step", step_},
      {"loss", is_loss_finite ? "finite" : "not finite"},
      {"gradient", result.gradients.largest_name},
      {"images", names}};
  if (group_.is_first()) {
    write_file(file, json_text(note, 2) + "\n");
  }
  recorder.write_warning(
      step_,
      fmt::format(
          "{} not finite, step skipped ({} in a row); the batch's names are "
          "in {}",
          is_loss_finite ? "gradient is" : "loss is",
          num_nonfinite_,
          file.string()));
  if (num_nonfinite_ > input_.config.run.max_nonfinite_steps) {
    fail(
        ErrorCode::kInternal,
        "{} steps in a row were not finite; the last good state is saved as "
        "{}. Likely cause: a learning rate too high, teacher_temp above 0.07, "
        "or images with absurd values (see {})",
        num_nonfinite_,
        checkpoint::step_name(step_),
        file.string());
  }
  recorder.skip_step();
  ++step_;
}

void Trainer::end_epoch(RunRecorder& recorder) {
  const auto& run = input_.config.run;
  const int64_t epoch = step_ / steps_per_epoch_;
  const bool is_last = step_ == total_steps();
  std::string score;
  if (input_.evaluate && run.knn_every_epochs > 0 &&
      (epoch % run.knn_every_epochs == 0 || is_last)) {
    score = evaluate(recorder);
  }
  if (group_.is_first()) {
    log_info(
        "train",
        "epoch {}/{}: loss {:.4f}{}",
        epoch,
        input_.config.optim.epochs,
        last_loss_,
        score);
  }
  name_bad_images(recorder);
  if (run.save_every_steps == 0 || is_last) {
    save(recorder);
  }
  recorder.start_step_clock();
}

// Returns what the epoch's line says of the score.
std::string Trainer::evaluate(RunRecorder& recorder) {
  const Score score = input_.evaluate(learner_.teacher_backbone());
  recorder.write_score(position(), score.name, score.value);
  const bool is_best = !best_ || score.value > best_->value;
  if (is_best) {
    best_ = score;
    best_checkpoint_ = checkpoint::step_name(step_);
    save(recorder);
  }
  return fmt::format(
      ", {} {:.4f}{}",
      score.name,
      score.value,
      is_best ? " (best so far)" : "");
}

void Trainer::name_bad_images(RunRecorder& recorder) {
  for (const auto& [sample, message] : views_.bad_images()) {
    if (named_bad_images_.insert(sample).second) {
      recorder.write_warning(step_, "bad image: " + message);
    }
  }
}

// Begins to write the state; it is on disk after RunSaver::finish().
void Trainer::save(RunRecorder& recorder) {
  if (group_.is_first() && !saver_.has(step_)) {
    saver_.start(step_, state(), best_checkpoint_, recorder);
  }
}

checkpoint::State Trainer::state() const {
  checkpoint::State state;
  state.tensors = learner_.state();
  state.meta = {
      {"step", step_},
      {"epoch", step_ / steps_per_epoch_},
      {"steps_per_epoch", steps_per_epoch_},
      {"batch", images_per_step(input_.config.optim, group_.world_size())},
      {"loss", last_loss_},
      {"weights",
       checkpoint::weights_config(
           learner_.teacher_backbone().config(), input_.weights_info)}};
  if (best_) {
    state.meta["best"] = {
        {"name", best_->name},
        {"value", best_->value},
        {"checkpoint", best_checkpoint_}};
  }
  return state;
}

}  // namespace nadir::train
