// The loop of a pretraining run: steps, checkpoints, evaluation, signals and
// failures. What it leaves on disk is the run folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "checkpoint/weights.h"
#include "model/vision_transformer.h"
#include "runs/run_folder.h"
#include "train/dino_learner.h"
#include "train/health_watch.h"
#include "train/pretrain_config.h"
#include "train/rank_watch.h"
#include "train/run_recorder.h"
#include "train/run_saver.h"
#include "train/view_source.h"

namespace nadir::train {

// A score of the teacher's backbone in training; higher is better.
struct Score {
  std::string name;  // the key of metrics.jsonl, e.g. "knn_accuracy"
  double value = 0;
};

// Called at the end of an epoch, from the training thread of every rank; the
// score must be the same on all.
using Evaluate = std::function<Score(const model::VisionTransformer&)>;

// What the trainer needs beside the configuration.
struct TrainerInput {
  PretrainConfig config;
  std::shared_ptr<const data::Dataset> dataset;
  data::Normalization normalization;
  at::Device device = at::kCPU;
  // The processes that share every step; each has a trainer of its own.
  std::shared_ptr<const distributed::Communicator> group =
      std::make_shared<distributed::Communicator>();
  Evaluate evaluate;  // may be empty; asked on all ranks at once
  // "bands", "normalization", ... of the weights.
  nlohmann::json weights_info = checkpoint::Weights::unknown_info();
};

struct TrainResult {
  int64_t num_steps = 0;  // done in all
  double final_loss = 0;
  std::optional<Score> best;
  int signal = 0;  // that ended the run, or 0
  bool is_finished = false;
};

// Not thread-safe.
class Trainer {
 public:
  // Throws Error{kInvalidArgument} on fields out of range.
  explicit Trainer(const TrainerInput& input);

  // Optimiser steps of the whole run.
  [[nodiscard]] int64_t total_steps() const { return schedules_.num_steps(); }

  // Takes the state of a checkpoint folder; the next run() goes on from there.
  // The first rank's decides for all.
  // Throws what checkpoint::load_checkpoint() and load_state() throw, and
  // Error{kInvalidArgument} if the data and batch make other epochs.
  void resume_from(const std::filesystem::path& checkpoint);

  // Replaces the backbone by weights made elsewhere.
  void start_from(const checkpoint::TensorMap& backbone) {
    learner_.load_backbone(backbone);
  }

  // Trains to the end, or until any rank caught a signal or stop_after_steps is
  // reached; then the state is saved and the result says so. `folder` is given
  // on the first rank and null on others. Throws Error{kInternal} when too many
  // steps in a row were not finite, and what reading an image or evaluating
  // threw, after saving the last good state; Error{kDistributed} where a peer
  // is lost.
  TrainResult run(runs::RunFolder* folder);

 private:
  // The images of one step, over its micro-batches.
  struct StepImages {
    std::vector<int64_t> samples;
    double wait_s = 0;
  };

  [[nodiscard]] RunPosition position() const;
  [[nodiscard]] bool must_stop();
  void share_start();
  void train_and_save(RunRecorder& recorder);
  TrainResult finish(RunRecorder& recorder);
  void train(RunRecorder& recorder);
  void start_loader();
  void take_step(RunRecorder& recorder);
  StepResult compute_step(const StepValues& values, StepImages& images);
  void watch_ranks(RunRecorder& recorder, const StepResult& result);
  void skip_step(
      RunRecorder& recorder,
      const StepResult& result,
      const StepImages& images);
  void end_epoch(RunRecorder& recorder);
  std::string evaluate(RunRecorder& recorder);
  void name_bad_images(RunRecorder& recorder);
  void save(RunRecorder& recorder);
  void save_last(RunRecorder& recorder);
  [[nodiscard]] checkpoint::State state() const;

  TrainerInput input_;
  const distributed::Communicator& group_;
  ViewSource views_;
  int64_t steps_per_epoch_;
  Schedules schedules_;
  DinoLearner learner_;
  HealthWatch watch_;
  RankWatch rank_watch_;
  int64_t step_ = 0;            // steps done
  int64_t started_epoch_ = -1;  // of the loader
  int64_t num_nonfinite_ = 0;   // in a row
  int signal_ = 0;              // that some rank caught
  double last_loss_ = 0;
  std::optional<Score> best_;
  std::string best_checkpoint_;
  std::set<int64_t> named_bad_images_;
  RunSaver saver_;
};

}  // namespace nadir::train
