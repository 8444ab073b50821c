// The loop of a pretraining run: steps, records, checkpoints, evaluation,
// signals and failures. What it leaves on disk is the run folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "model/vision_transformer.h"
#include "runs/run_folder.h"
#include "train/dino_learner.h"
#include "train/pretrain_config.h"
#include "train/view_source.h"

namespace nadir::train {

// A score of the teacher's backbone in training; higher is better.
struct Score {
  std::string name;  // the key of metrics.jsonl, e.g. "knn_top1"
  double value = 0;
};

// Called at the end of an epoch, from the training thread.
using Evaluate = std::function<Score(const model::VisionTransformer&)>;

// What the trainer needs beside the configuration.
struct TrainerInput {
  PretrainConfig config;
  std::shared_ptr<const data::Dataset> dataset;
  data::Normalization normalization;
  at::Device device = at::kCPU;
  Evaluate evaluate;          // may be empty
  nlohmann::json weights_info;  // "bands", "normalization", ... of the weights
};

struct TrainResult {
  int64_t num_steps = 0;  // done in all
  double final_loss = 0;
  std::optional<Score> best;
  int signal = 0;          // that ended the run, or 0
  bool is_finished = false;
};

// Not thread-safe.
class Trainer {
 public:
  // Throws Error{kInvalidArgument} on fields out of range.
  explicit Trainer(const TrainerInput& input);

  // Optimiser steps of the whole run.
  [[nodiscard]] int64_t total_steps() const;

  // Takes the state of a checkpoint folder; the next run() goes on from there.
  // Throws what checkpoint::load_checkpoint() and load_state() throw.
  void resume_from(const std::filesystem::path& checkpoint);

  // Replaces the backbone by weights made elsewhere.
  void start_from(const checkpoint::TensorMap& backbone) {
    learner_.load_backbone(backbone);
  }

  // Trains to the end, or until a signal was caught or stop_after_steps is
  // reached; then the state is saved and the result says so. Throws
  // Error{kInternal} when too many steps in a row were not finite, after saving
  // the last good state and the names of the images.
  TrainResult run(runs::RunFolder& folder);

 private:
  struct Outputs;  // the run folder's writers

  void write_record(Outputs& outputs, const StepResult& result);
  void save(Outputs& outputs);
  void end_epoch(Outputs& outputs);
  void note_nonfinite(Outputs& outputs, const StepResult& result);
  StepResult run_step();
  [[nodiscard]] int64_t epoch_of(int64_t step) const;

  TrainerInput input_;
  ViewSource views_;
  int64_t steps_per_epoch_;
  Schedules schedules_;
  DinoLearner learner_;
  ssl::PrototypeUsage prototype_usage_;
  int64_t step_ = 0;  // steps done
  int64_t num_nonfinite_ = 0;  // in a row
  std::vector<int64_t> step_samples_;  // images of the current step
  std::optional<Score> best_;
  std::string best_checkpoint_;
};

}  // namespace nadir::train
