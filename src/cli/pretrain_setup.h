// What `nadir pretrain` prepares before the first step, and keeps after the
// last: data, plan, run description, evaluation, weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <c10/core/Device.h>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "cli/pretrain_options.h"
#include "data/dataset.h"
#include "data/normalization.h"
#include "raster/image.h"
#include "runs/run_folder.h"
#include "train/trainer.h"

namespace nadir::cli {

struct PretrainData {
  std::shared_ptr<const data::Dataset> dataset;
  data::Normalization normalization;
  int64_t image_px = 0;  // shorter side of the first image
};

// Opens the training images: the split asked for, or 'train' where the data
// has splits and none was. Throws what data::open_dataset() throws.
[[nodiscard]] PretrainData open_pretrain_data(
    const train::PretrainConfig& config);

// Applies --recipe auto and prints each choice with its reason.
void apply_auto(
    PretrainOptions& options, const PretrainData& data, const FlagTexts& texts);

// The device of `run`, its threads set.
[[nodiscard]] c10::Device open_compute_device(const train::RunConfig& run);

// Prints the effective batch, learning rate, steps, and estimates of memory
// and time.
void print_plan(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device);

// Throws Error{kInvalidArgument} naming each field in which `config` differs
// from the run's config.toml and that resuming must not change.
void check_same_run(
    const train::PretrainConfig& config, const std::filesystem::path& toml);

// Writes config.toml and provenance.json.
void write_run_description(
    const train::PretrainConfig& config,
    const PretrainData& data,
    const std::vector<std::string>& command_line,
    runs::RunFolder& folder);

// pictures/views.png: example images and the views cut from them.
void draw_example_views(
    const train::PretrainConfig& config,
    const PretrainData& data,
    const std::filesystem::path& pictures);

// Scores by k-NN on the data's labels; empty where there are none.
[[nodiscard]] train::Evaluate make_knn_evaluation(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device);

// What travels with the weights: bands, normalisation, classes, provenance.
[[nodiscard]] nlohmann::json weights_info(const PretrainData& data);

// The backbone of --init-weights, brought to this run's size and bands.
[[nodiscard]] checkpoint::TensorMap read_initial_weights(
    const train::PretrainConfig& config, const PretrainData& data);

// weights/teacher.safetensors from the last checkpoint.
void save_final_weights(
    const train::PretrainConfig& config, const runs::RunPaths& paths);

}  // namespace nadir::cli
