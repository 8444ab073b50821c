// One function a command: each adds its subcommand to `parent`. The list in
// commands.cpp is the list of commands; what is not built is not in it.
#pragma once

#include <CLI/CLI.hpp>

namespace nadir::cli {

// All commands, in the order of --help.
void add_commands(CLI::App& app);

void add_data_synth(CLI::App& parent);
void add_data_fetch(CLI::App& parent);
void add_data_index(CLI::App& parent);
void add_data_pack(CLI::App& parent);
void add_data_subset(CLI::App& parent);
void add_data_verify(CLI::App& parent);
void add_data_stats(CLI::App& parent);
void add_data_info(CLI::App& parent);
void add_pretrain(CLI::App& parent);
void add_eval_knn(CLI::App& parent);
void add_eval_linear(CLI::App& parent);
void add_predict(CLI::App& parent);
void add_embed(CLI::App& parent);
void add_view(CLI::App& parent);
void add_export(CLI::App& parent);
void add_import(CLI::App& parent);
void add_report(CLI::App& parent);
void add_doctor(CLI::App& parent);
void add_completion(CLI::App& parent);

}  // namespace nadir::cli
