// `nadir eval knn`: weighted k-NN score of a frozen network.
#include <memory>

#include "cli/commands.h"
#include "cli/eval_options.h"
#include "cli/shared_arguments.h"
#include "eval/evaluate.h"

namespace nadir::cli {
namespace {

struct KnnOptions {
  EvalOptions common;
  eval::KnnConfig knn;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("k-NN", knn);
    common.for_each(visit);
  }
};

}  // namespace

void add_eval_knn(Command parent) {
  auto command = parent.add_command(
      "knn",
      "Score features by their nearest neighbours, beside random weights and\n"
      "image statistics.");
  auto options = std::make_shared<KnnOptions>();  // outlives the parse
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example("nadir eval knn --weights runs/a --data ben-rgb");
  command.on_run([options, remote, as_json] {
    const auto inputs = open_eval_inputs(options->common, false, remote());
    report_evaluation(
        eval::run_knn(
            inputs.frozen,
            inputs.splits,
            options->common.features,
            options->knn,
            options->common.evaluate,
            *inputs.group),
        inputs,
        options->common,
        *as_json);
  });
}

}  // namespace nadir::cli
