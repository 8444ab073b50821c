// `nadir eval linear`: linear probes on a frozen network's features.
#include <memory>

#include "cli/commands.h"
#include "cli/eval_options.h"
#include "cli/shared_arguments.h"
#include "core/log.h"
#include "eval/evaluate.h"

namespace nadir::cli {
namespace {

struct LinearOptions {
  EvalOptions common;
  eval::LinearProbeConfig probe;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("Probe", probe);
    common.for_each(visit);
  }
};

void run(
    LinearOptions& options,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  const auto inputs = open_eval_inputs(options.common, true, remote);
  const auto result = eval::run_linear(
      inputs.frozen,
      inputs.splits,
      options.common.features,
      options.probe,
      options.common.evaluate,
      *inputs.group);
  if (!inputs.group->is_first()) {
    return;
  }
  const auto folder =
      eval::output_folder(inputs.frozen, options.common.evaluate);
  if (folder.empty()) {
    log_info("eval", "the probe is not kept; --out FOLDER keeps it");
  } else {
    eval::save_probe(result.probe, folder / "linear");
    eval::write_predictions(
        result.predictions, folder / "linear" / "predictions.parquet");
    log_info("eval", "the probe is in {}", (folder / "linear").string());
  }
  report_evaluation(result.evaluation, inputs, options.common, as_json);
}

}  // namespace

void add_eval_linear(Command parent) {
  auto command = parent.add_command(
      "linear",
      "Train linear probes on frozen features and score the best, beside\n"
      "random weights and image statistics.");
  auto options = std::make_shared<LinearOptions>();  // outlives the parse
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir eval linear --weights runs/a --data ben-rgb --epochs 50");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
