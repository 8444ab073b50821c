// `nadir eval segment`: heads on patch tokens, scored by masks.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/file.h"
#include "eval/segment_evaluate.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct SegmentOptions {
  eval::SegmentHeadConfig head;
  eval::SegmentDataConfig data;
  eval::SegmentViewConfig view;
  eval::EvaluateConfig evaluate;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("Head", head);
    visit.section("Data", data);
    visit.section("Features", view);
    visit.section("Results", evaluate);
  }
};

void run(
    SegmentOptions& options,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  NADIR_CHECK(
      !store::is_remote(options.view.weights) || !options.evaluate.out.empty(),
      "--out must name a folder for the results of weights at {}",
      options.view.weights);
  options.view.weights = remote_weights(*remote, options.view.weights);
  options.data.masks = remote->input(options.data.masks);
  store::RemoteOutput output(
      *remote, options.evaluate.out, std::vector<std::string>{"segment.json"});
  options.evaluate.out = output.path();
  const auto frozen =
      eval::load_frozen_network(eval::network_config(options.view));
  const auto folders = eval::segment_folders(frozen, options.evaluate);
  if (!folders.results.empty()) {
    check_writable_file(folders.results / "segment.json");
  }
  const auto data = eval::open_segment_data(options.data, frozen.bands, remote);
  const auto outcome = eval::run_segment(
      frozen, data, options.view, options.head, options.evaluate);
  eval::write_segment_outcome(outcome, folders);
  output.publish();
  if (as_json) {
    print_json(nlohmann::json(eval::to_json(outcome.evaluation)));
  } else {
    std::printf("%s", eval::to_text(outcome.evaluation).c_str());
  }
}

}  // namespace

void add_eval_segment(Command parent) {
  auto command = parent.add_command(
      "segment",
      "Train heads on patch tokens of images with masks and score their\n"
      "pixels, beside random weights and image statistics.");
  auto options = std::make_shared<SegmentOptions>();  // outlives the parse
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir eval segment --weights runs/a --data images --masks masks "
      "--classes 10=building,30=road");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
