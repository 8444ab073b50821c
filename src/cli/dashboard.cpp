// `nadir dashboard`: runs and data in a browser.
#include "dashboard/dashboard.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/signals.h"
#include "runs/run_folder.h"
#include "store/location.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

struct DashboardOptions {
  std::vector<std::string> runs;
  std::string data;
  std::string index;
  std::string predictions;
  std::string embeddings;
  eval::FeaturesConfig network;
  dashboard::DashboardConfig server;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        data,
        "data",
        "Images to look at: whatever `nadir pretrain --data` takes.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        predictions,
        "predictions",
        "Parquet of `nadir predict`, for classes and errors; unless given "
        "what `nadir eval linear` left in the first run that has it.");
    visit(
        embeddings,
        "embeddings",
        "Parquet of `nadir embed`, for the atlas and search; "
        "RUN/embeddings.parquet of the first run that has one, unless given.");
    visit(
        network.weights,
        "weights",
        "The network to look through; that of the first run which fits the "
        "images unless given, none for 'none'.");
    visit(
        network.checkpoint_key,
        "checkpoint_key",
        "teacher or student, for weights that hold both; the teacher unless "
        "given.");
    server.for_each(visit);
  }
};

// RUN/NAME of the first run that has one, "" if none has.
std::string file_of_runs(
    const std::vector<dashboard::RunSource>& runs, const char* name) {
  for (const auto& run : runs) {
    const auto path = fs::path(run.folder) / name;
    if (fs::exists(path)) {
      return path.string();
    }
  }
  return "";
}

// Those with weights; one that has just begun has none.
std::vector<std::string> runs_with_weights(
    const std::vector<dashboard::RunSource>& runs) {
  std::vector<std::string> found;
  for (const auto& run : runs) {
    const runs::RunPaths paths(run.folder);
    if (fs::exists(paths.weights) || fs::exists(paths.checkpoints)) {
      found.push_back(run.folder);
    }
  }
  return found;
}

dashboard::DataSources data_sources(
    const DashboardOptions& options,
    const std::vector<dashboard::RunSource>& runs,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  dashboard::DataSources sources;
  sources.dataset.data = options.data;
  sources.dataset.index = options.index;
  sources.dataset.remote = remote;
  sources.network = options.network;
  const auto& weights = options.network.weights;
  sources.found_predictions = options.predictions.empty();
  sources.found_embeddings = options.embeddings.empty();
  if (weights.empty()) {
    sources.found_weights = runs_with_weights(runs);
  } else {
    sources.network.weights =
        weights == "none" ? "" : remote_weights(*remote, weights);
  }
  sources.predictions =
      options.predictions.empty()
          ? file_of_runs(runs, "eval/linear/predictions.parquet")
          : remote->input(options.predictions);
  sources.embeddings = options.embeddings.empty()
                           ? file_of_runs(runs, "embeddings.parquet")
                           : remote->input(options.embeddings);
  return sources;
}

// What a dashboard reads of a run but for its weights.
void leave_out_weights(std::vector<std::string>& names) {
  std::erase_if(names, [](const std::string& name) {
    return name.starts_with("checkpoints/") || name.starts_with("weights/");
  });
}

// The runs at `path`; those at s3:// as copies that are kept up to date.
// Weights are copied where somebody will look through them.
std::vector<dashboard::RunSource> runs_at(
    const std::string& path,
    bool needs_weights,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  if (!store::is_remote(path)) {
    return dashboard::find_runs({path});
  }
  auto runs = dashboard::find_runs(
      {needs_weights ? remote_weights(*remote, path)
                     : remote->input(path, leave_out_weights)});
  for (auto& run : runs) {
    run.shown_path = path;
  }
  runs.front().refresh = [path, remote] {
    (void)remote->input(path, leave_out_weights);
  };
  return runs;
}

dashboard::DashboardSources sources_of(
    const DashboardOptions& options,
    const std::shared_ptr<store::RemoteFiles>& remote) {
  NADIR_CHECK(
      !options.runs.empty() || !options.data.empty(),
      "name run folders, or --data with images; see nadir dashboard --help");
  dashboard::DashboardSources sources;
  const bool needs_weights =
      !options.data.empty() && options.network.weights.empty();
  for (const auto& path : options.runs) {
    for (auto& run : runs_at(path, needs_weights, remote)) {
      sources.runs.push_back(std::move(run));
    }
  }
  if (!options.data.empty()) {
    sources.data = data_sources(options, sources.runs, remote);
  }
  return sources;
}

void run(
    const DashboardOptions& options,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  const dashboard::Dashboard shown(sources_of(options, remote), options.server);
  if (as_json) {
    print_json({{"url", shown.url()}});
  } else {
    std::printf("%s\nCtrl-C ends it.\n", shown.url().c_str());
  }
  std::fflush(stdout);
  while (caught_signal() == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  forget_signal();  // the usual way to end it
}

}  // namespace

void add_dashboard(Command parent) {
  auto command = parent.add_command(
      "dashboard",
      "Look at runs in a browser while they train, at images, at what a\n"
      "network sees in them, and where on the map it errs.");
  auto options = std::make_shared<DashboardOptions>();  // outlives the parse
  command.add_words("RUN", options->runs, "Run folders, or folders of them.");
  const auto flags = command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example("nadir dashboard runs/a runs/b --data ben-rgb");
  command.on_run(
      [options, flags, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
