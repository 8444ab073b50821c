// Checkpoints of a training run: folders that are complete or not there.
// Layout and rules: docs/formats/checkpoint.md.
//
//   runs/x/checkpoints/latest                text: "step-00000100"
//   runs/x/checkpoints/step-00000100/state.safetensors
//                                    meta.json
//                                    manifest.json
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"

namespace nadir::checkpoint {

struct State {
  TensorMap tensors;
  nlohmann::json meta = nlohmann::json::object();
};

// "step-00000100".
[[nodiscard]] std::string step_name(int64_t step);

// The step of such a name, or nothing for any other.
[[nodiscard]] std::optional<int64_t> step_of(const std::string& name);

// Writes the checkpoint into a temporary folder beside `folder`, synchronises
// it to the disk, renames it to `folder` and points `latest` at it. A folder of
// that name is replaced. Killed at any moment, it leaves the old state or the
// new one. Throws Error{kIo}.
void save_checkpoint(const std::filesystem::path& folder, const State& state);

// Reads what save_checkpoint() wrote. Throws Error{kNotFound}, or
// Error{kCorruptData} naming the file whose checksum differs or that is
// missing.
[[nodiscard]] State load_checkpoint(const std::filesystem::path& folder);

// Throws as load_checkpoint(), but reads the checksums only.
void verify_checkpoint(const std::filesystem::path& folder);

// The checkpoint folder to resume from: the one `latest` names, or, with a
// warning, the newest that is complete where `latest` is missing or what it
// names is damaged; nothing where there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_latest(
    const std::filesystem::path& run);

// Folders of `run` named step-N, by step. They may be damaged.
[[nodiscard]] std::vector<std::filesystem::path> list_checkpoints(
    const std::filesystem::path& run);

// Deletes the run's checkpoints but for the one that `latest` names, those in
// `keep` (names such as "step-00000100": the best) and, with every_steps > 0,
// those whose step is a multiple of it (saveckp_freq in steps); and what killed
// writers left behind. Keeps everything while `latest` names none. Returns the
// deleted names. Throws Error{kIo}.
std::vector<std::string> prune(
    const std::filesystem::path& run,
    const std::set<std::string>& keep,
    int64_t every_steps = 0);

}  // namespace nadir::checkpoint
