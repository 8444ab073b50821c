// Trainings small enough for tests: some milliseconds a step.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint_folder.h"
#include "core/error.h"
#include "core/file.h"
#include "runs/metrics_reader.h"
#include "support/ranks_in_threads.h"
#include "support/tile_dataset.h"
#include "support/torch_tensors.h"
#include "train/trainer.h"

namespace nadir::train {

// Four epochs of batches of four, each tile in two global views of 16 px and
// two local ones of 8 px. Saves where it stops.
inline PretrainConfig tiny_config() {
  PretrainConfig config;
  config.run.num_workers = 1;
  config.run.stats_every_steps = 1;
  config.run.save_every_steps = 1000;
  config.views.global_crop_size = 16;
  config.views.local_crop_size = 8;
  config.views.local_crops_number = 2;
  config.model = {.arch = "vit_nano", .patch_size = 8, .drop_path_rate = 0.3};
  config.head = {
      .out_dim = 64, .head_hidden_dim = 32, .head_bottleneck_dim = 16};
  config.optim.epochs = 4;
  config.optim.batch_size_per_gpu = 4;
  config.optim.lr = 0.02;
  config.optim.warmup_epochs = 1;
  config.optim.warmup_teacher_temp_epochs = 2;
  config.optim.teacher_temp = 0.05;
  return config;
}

// u in [0, 1] by its own mean and std, or by others.
inline data::Normalization tile_normalization(
    const TileDataset& tiles, double std = 0.25) {
  const size_t count = tiles.bands().size();
  data::Normalization normalization;
  normalization.name = "tiles";
  normalization.bands = tiles.bands();
  normalization.quantize = count == 3;
  normalization.low.assign(count, 0);
  normalization.high.assign(count, normalization.quantize ? 255 : 1);
  normalization.mean.assign(count, 0.5);
  normalization.std.assign(count, std);
  return normalization;
}

// A training in a folder of its own, which may be stopped and gone on with.
class TinyTraining {
 public:
  TinyTraining(
      const PretrainConfig& settings, std::shared_ptr<TileDataset> dataset)
      : config(settings), tiles(std::move(dataset)) {
    config.run.output_dir = root().string();
  }

  // Starts anew, or goes on from the checkpoint of `from_step`; -1 is the
  // latest.
  TrainResult start() {
    auto folder = runs::RunFolder::create(root());
    return run(folder, "");
  }

  TrainResult resume(int64_t from_step = -1) {
    auto folder = runs::RunFolder::resume(root());
    return run(
        folder,
        from_step >= 0 ? checkpoint(from_step)
                       : checkpoint::find_latest(root()).value());
  }

  // Goes on in a folder that has no checkpoint.
  TrainResult restart() {
    auto folder = runs::RunFolder::resume(root());
    return run(folder, "");
  }

  [[nodiscard]] std::filesystem::path root() const {
    return folder_.path() / "run";
  }

  [[nodiscard]] std::filesystem::path checkpoint(int64_t step) const {
    return root() / "checkpoints" / checkpoint::step_name(step);
  }

  [[nodiscard]] std::vector<nlohmann::json> records() const {
    std::vector<nlohmann::json> all;
    runs::read_metrics(
        root() / "metrics.jsonl",
        [&](const nlohmann::json& record) { all.push_back(record); });
    return all;
  }

  // The loss of every step, in the file's order.
  [[nodiscard]] std::vector<std::pair<int64_t, double>> losses() const {
    std::vector<std::pair<int64_t, double>> all;
    for (const auto& record : records()) {
      if (record.contains("loss")) {
        all.emplace_back(record["step"], record["loss"]);
      }
    }
    return all;
  }

  // The texts of events of this kind.
  [[nodiscard]] std::vector<std::string> events(const std::string& kind) const {
    std::vector<std::string> texts;
    for (const auto& record : records()) {
      if (record.value("event", "") == kind) {
        texts.push_back(record["text"]);
      }
    }
    return texts;
  }

  PretrainConfig config;
  std::shared_ptr<TileDataset> tiles;
  double pixel_std = 0.25;
  int64_t world_size = 1;  // ranks, as threads
  Evaluate evaluate;

 private:
  TrainResult run(runs::RunFolder& folder, const std::filesystem::path& from) {
    TrainerInput input;
    input.config = config;
    input.dataset = tiles;
    input.normalization = tile_normalization(*tiles, pixel_std);
    input.evaluate = evaluate;
    TrainResult result;
    run_ranks(world_size, [&](const auto& group) {
      TrainerInput of_rank = input;
      of_rank.group = group;
      Trainer trainer(of_rank);
      if (group->is_first() && !from.empty()) {
        trainer.resume_from(from);
      }
      const auto own = trainer.run(group->is_first() ? &folder : nullptr);
      if (group->is_first()) {
        result = own;
      }
    });
    return result;
  }

  TemporaryFolder folder_;
};

// Names of tensors that differ in a bit, or are in one of the maps only.
inline std::vector<std::string> differing_tensors(
    const checkpoint::TensorMap& a, const checkpoint::TensorMap& b) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    if (other == b.end() || !at::equal(tensor, other->second)) {
      names.push_back(name);
    }
  }
  for (const auto& [name, tensor] : b) {
    if (!a.contains(name)) {
      names.push_back(name);
    }
  }
  return names;
}

inline std::string error_of(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() == code ? error.what() : "another code";
  }
  return "no error";
}

}  // namespace nadir::train
