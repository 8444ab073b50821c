// The checkpoints of a training: when they are written, which are kept, and
// what steps wait for them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "checkpoint/checkpoint_writer.h"
#include "train/pretrain_config.h"
#include "train/run_recorder.h"

namespace nadir::train {

// Of the first rank. Not thread-safe.
class RunSaver {
 public:
  RunSaver(const RunConfig& run, int64_t steps_per_epoch)
      : run_(run), steps_per_epoch_(steps_per_epoch) {}

  // The state after `step` is on disk: the training goes on from there.
  void note_saved(int64_t step) { step_ = step; }

  // Whether the state after `step` is on disk, or on its way there.
  [[nodiscard]] bool has(int64_t step) const { return step_ == step; }

  // Begins to write the state after `step`, and prunes but for the checkpoint
  // `best` ("": none); waits for the one before. It is on disk after finish().
  // Throws Error{kIo} where the one before could not be written.
  void start(
      int64_t step,
      const checkpoint::State& state,
      const std::string& best,
      RunRecorder& recorder);

  // Waits for what is being written, and records it. Throws Error{kIo}.
  void finish(RunRecorder& recorder);

  // The same where nothing need be waited for.
  void finish_if_done(RunRecorder& recorder);

 private:
  using Clock = std::chrono::steady_clock;

  void judge(RunRecorder& recorder);

  RunConfig run_;
  int64_t steps_per_epoch_;
  checkpoint::CheckpointWriter writer_;
  int64_t step_ = -1;  // of the last checkpoint; -1: none, or it failed
  Clock::time_point begin_ = Clock::now();
  double waited_s_ = 0;  // by steps
  bool has_judged_ = false;
};

}  // namespace nadir::train
