#include "train/run_saver.h"

#include <cmath>
#include <set>

#include "core/error.h"

namespace nadir::train {
namespace {

// What checkpoints may take of the time before the run says so, and after what
// time that is known.
constexpr double kLargestShare = 0.01;
constexpr double kLeastTimeToJudge_s = 60;

}  // namespace

void RunSaver::start(
    int64_t step,
    const checkpoint::State& state,
    const std::string& best,
    RunRecorder& recorder) {
  const auto begin = Clock::now();
  finish(recorder);
  const std::filesystem::path root = run_.checkpoint_root();
  std::set<std::string> keep;
  if (!best.empty()) {
    keep.insert(best);
  }
  const int64_t every_steps = run_.saveckp_freq * steps_per_epoch_;
  writer_.start(
      root / "checkpoints" / checkpoint::step_name(step),
      state,
      [root, keep, every_steps] {
        checkpoint::prune(root, keep, every_steps);
      });
  step_ = step;
  waited_s_ += std::chrono::duration<double>(Clock::now() - begin).count();
  judge(recorder);
}

void RunSaver::finish(RunRecorder& recorder) {
  if (!writer_.has_started()) {
    return;
  }
  try {
    writer_.finish();
  } catch (...) {
    step_ = -1;
    throw;
  }
  recorder.write_event(
      step_,
      "checkpoint",
      fmt::format(
          "{}; steps have waited {:.3f} s for checkpoints",
          checkpoint::step_name(step_),
          waited_s_));
}

void RunSaver::finish_if_done(RunRecorder& recorder) {
  if (writer_.has_started() && writer_.is_done()) {
    finish(recorder);
  }
}

// Says so, once, where a run spends its time on checkpoints.
void RunSaver::judge(RunRecorder& recorder) {
  const double run_s =
      std::chrono::duration<double>(Clock::now() - begin_).count();
  const double share = waited_s_ / run_s;
  const auto every = static_cast<double>(run_.save_every_steps);
  if (every == 0 || run_s < kLeastTimeToJudge_s || share <= kLargestShare ||
      has_judged_) {
    return;
  }
  has_judged_ = true;
  recorder.write_warning(
      step_,
      fmt::format(
          "steps waited for checkpoints in {:.0f} % of the time; with "
          "save_every_steps {:.0f} instead of {:.0f} it is {:.0f} %",
          100 * share,
          std::ceil(every * share / kLargestShare),
          every,
          100 * kLargestShare));
}

}  // namespace nadir::train
