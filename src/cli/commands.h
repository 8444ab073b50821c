// One function a command: each adds its subcommand to `parent`. The list in
// commands.cpp is the list of commands; what is not built is not in it.
#pragma once

#include "cli/command.h"

namespace nadir::cli {

// All commands, in the order of --help.
void add_commands(Command program);

void add_data_synth(Command parent);
void add_data_copy(Command parent);
void add_data_fetch(Command parent);
void add_data_index(Command parent);
void add_data_pack(Command parent);
void add_data_merge(Command parent);
void add_data_subset(Command parent);
void add_data_verify(Command parent);
void add_data_stats(Command parent);
void add_data_info(Command parent);
void add_pretrain(Command parent);
void add_launch(Command parent);
void add_train(Command parent);
void add_eval_knn(Command parent);
void add_eval_linear(Command parent);
void add_eval_segment(Command parent);
void add_predict(Command parent);
void add_embed(Command parent);
void add_map(Command parent);
void add_search(Command parent);
void add_atlas(Command parent);
void add_serve(Command parent);
void add_view(Command parent);
void add_export(Command parent);
void add_import(Command parent);
void add_report(Command parent);
void add_dashboard(Command parent);
// Runs by itself, and has commands below it.
[[nodiscard]] Command add_bench(Command parent);
void add_bench_scaling(Command parent);
void add_job_submit(Command parent);
void add_job_list(Command parent);
void add_job_status(Command parent);
void add_job_wait(Command parent);
void add_job_stop(Command parent);
void add_job_logs(Command parent);
void add_job_attach(Command parent);
void add_job_metrics(Command parent);
void add_job_compare(Command parent);
void add_job_download(Command parent);
void add_job_clean(Command parent);
void add_doctor(Command parent);
void add_completion(Command parent);

}  // namespace nadir::cli
