#include "cli/eval_options.h"

#include <cstdio>

#include "cli/command.h"
#include "cli/join_group.h"
#include "cli/remote_run.h"
#include "core/error.h"
#include "core/file.h"
#include "eval/evaluate.h"

namespace nadir::cli {

EvalInputs open_eval_inputs(
    EvalOptions& options,
    bool needs_validation,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  NADIR_CHECK(
      !store::is_remote(options.features.weights) ||
          !options.evaluate.out.empty(),
      "--out must name a folder for the results of weights at {}",
      options.features.weights);
  options.features.weights = remote_weights(*remote, options.features.weights);
  const auto output = std::make_shared<store::RemoteOutput>(
      *remote, options.evaluate.out, std::vector<std::string>{"linear.json"});
  options.evaluate.out = output->path();
  auto group =
      join_feature_group(options.features.num_workers, options.features.device);
  auto frozen = eval::load_frozen_network(options.features);
  if (const auto folder = eval::output_folder(frozen, options.evaluate);
      !folder.empty() && group->is_first()) {
    check_writable_file(folder / "results.json");
  }
  auto splits =
      eval::open_splits(options.splits, frozen.bands, needs_validation, remote);
  return {std::move(group), std::move(frozen), std::move(splits), output};
}

void report_evaluation(
    const eval::Evaluation& evaluation,
    const EvalInputs& inputs,
    const EvalOptions& options,
    bool as_json) {
  if (!inputs.group->is_first()) {
    return;
  }
  eval::write_evaluation(
      evaluation, eval::output_folder(inputs.frozen, options.evaluate));
  inputs.output->publish();
  if (as_json) {
    print_json(nlohmann::json(eval::to_json(evaluation)));
  } else {
    std::printf("%s", eval::to_text(evaluation).c_str());
  }
}

}  // namespace nadir::cli
