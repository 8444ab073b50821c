// A small synthetic world and what the program makes of it. Each part is made
// once, by the first test that asks for it, in a folder that all processes of
// one run of CTest share (NADIR_CLI_WORLD). Not to be written into.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/program.h"

namespace nadir::cli {

inline constexpr int kNumPatches = 48;

// BigEarthNet's layout: BigEarthNet-v1.0/ and lists/.
[[nodiscard]] std::filesystem::path world_folder();

// Its index with all patches.
[[nodiscard]] std::filesystem::path index_file();

// A dataset folder with all twelve bands.
[[nodiscard]] std::filesystem::path packed_data();

// A recipe that trains on B04,B03,B02 of packed_data() in a second or two: 4
// epochs of 3 steps, with one thread of each kind.
[[nodiscard]] std::filesystem::path tiny_recipe();

// A finished run by that recipe.
[[nodiscard]] std::filesystem::path finished_run();

// A probe of 19 classes on that run's network.
[[nodiscard]] std::filesystem::path trained_probe();

// The words of a pretraining by that recipe; flags in `more` win.
[[nodiscard]] std::vector<std::string> pretrain_words(
    const std::filesystem::path& out, const std::string& more = "");

}  // namespace nadir::cli
