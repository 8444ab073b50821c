#include "cli/commands.h"

namespace nadir::cli {
void add_commands(Command program) {
  const auto data =
      program.add_group("data", "Make, fetch, index and pack imagery.");
  add_data_synth(data);
  add_data_fetch(data);
  add_data_copy(data);
  add_data_index(data);
  add_data_pack(data);
  add_data_merge(data);
  add_data_subset(data);
  add_data_verify(data);
  add_data_stats(data);
  add_data_info(data);
  add_pretrain(program);
  add_launch(program);
  add_train(program);
  const auto eval = program.add_group("eval", "Score frozen features.");
  add_eval_knn(eval);
  add_eval_linear(eval);
  add_eval_segment(eval);
  add_predict(program);
  add_embed(program);
  add_map(program);
  add_search(program);
  add_atlas(program);
  add_serve(program);
  add_view(program);
  add_export(program);
  add_import(program);
  add_report(program);
  add_dashboard(program);
  add_bench_scaling(add_bench(program));
  const auto job = program.add_group("job", "Run on Amazon SageMaker.");
  add_job_submit(job);
  add_job_list(job);
  add_job_status(job);
  add_job_wait(job);
  add_job_stop(job);
  add_job_logs(job);
  add_job_attach(job);
  add_job_metrics(job);
  add_job_compare(job);
  add_job_download(job);
  add_job_clean(job);
  add_doctor(program);
  add_completion(program);
}

}  // namespace nadir::cli
