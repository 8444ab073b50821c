// What `nadir pretrain` prepares before the first step, and keeps after the
// last: recipe, device, run description, weights.
#pragma once

#include <string>
#include <vector>

#include <c10/core/Device.h>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "cli/pretrain_data.h"
#include "cli/pretrain_options.h"
#include "distributed/communicator.h"
#include "launch/rank_environment.h"
#include "runs/run_folder.h"

namespace nadir::cli {

// Applies --recipe auto and prints each choice with its reason.
void apply_auto(
    PretrainOptions& options,
    const PretrainData& data,
    const FlagTexts& texts,
    int64_t world_size);

// The device of `run` for this one of the processes on this host. Gives it its
// share of the processors, also by `run.num_workers`.
[[nodiscard]] c10::Device open_compute_device(
    train::RunConfig& run, const launch::RankEnvironment& ranks);

// Settles precision auto: what the run in `run_toml` has where this one goes on
// with it, else what is faster on the first rank's device. Collective.
void settle_precision(
    train::RunConfig& run,
    c10::Device device,
    const distributed::Communicator& group,
    const std::filesystem::path& run_toml);

// Throws Error{kDistributed} unless all ranks were given the same
// configuration and images.
void check_same_plan(
    const distributed::Communicator& group,
    const train::PretrainConfig& config,
    const PretrainData& data);

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

// What travels with the weights: bands, normalisation, mean input, classes,
// provenance.
[[nodiscard]] nlohmann::json weights_info(const PretrainData& data);

// The backbone of --init-weights, brought to this run's size and bands.
[[nodiscard]] checkpoint::TensorMap read_initial_weights(
    const train::PretrainConfig& config, const PretrainData& data);

// weights/teacher.safetensors from the last checkpoint.
void save_final_weights(
    const train::PretrainConfig& config, const runs::RunPaths& paths);

}  // namespace nadir::cli
