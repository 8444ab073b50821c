#include "cli/commands.h"

namespace nadir::cli {
namespace {

CLI::App& add_group(
    CLI::App& app, const std::string& name, const std::string& help) {
  auto* group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  return *group;
}

}  // namespace

void add_commands(CLI::App& app) {
  auto& data = add_group(app, "data", "Make, fetch, index and pack imagery.");
  add_data_synth(data);
  add_data_fetch(data);
  add_data_index(data);
  add_data_pack(data);
  add_data_subset(data);
  add_data_verify(data);
  add_data_stats(data);
  add_data_info(data);
  add_pretrain(app);
  auto& eval = add_group(app, "eval", "Score frozen features.");
  add_eval_knn(eval);
  add_eval_linear(eval);
  add_predict(app);
  add_embed(app);
  add_view(app);
  add_export(app);
  add_import(app);
  add_report(app);
  add_doctor(app);
  add_completion(app);
}

}  // namespace nadir::cli
