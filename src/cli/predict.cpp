// `nadir predict`: labels and probabilities of images by a saved probe.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/join_group.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "eval/prediction.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct PredictOptions {
  std::string probe;
  std::string weights;
  std::string checkpoint_key;
  std::string data;
  std::string index;
  std::string split;
  std::string out = "predictions.parquet";
  int64_t max_images = 0;
  int64_t batch_size = 64;
  int64_t num_workers = 0;
  std::string device = "cpu";
  std::string precision = "fp32";

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        probe,
        "probe",
        "Folder that `nadir eval linear` wrote, RUN/eval/linear, or its run.");
    visit(
        weights,
        "weights",
        "The network, where it moved since the probe was trained.");
    visit(
        checkpoint_key,
        "checkpoint_key",
        "teacher or student, for --weights that hold both.");
    visit(data, "data", "Images: whatever `nadir pretrain --data` takes.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        split, "split", "train, validation or test; all images unless given.");
    visit(out, "out", "File to write: .parquet, .csv, .geojson or .gpkg.");
    visit(
        max_images,
        "max_images",
        "At most this many images, evenly spread; 0 takes all.");
    visit(batch_size, "batch_size", "Images a forward pass.");
    visit(
        num_workers,
        "num_workers",
        "Threads that read images; 0 takes all processors.");
    visit(device, "device", "cpu, cuda or cuda:N.");
    visit(precision, "precision", eval::kPrecisionHelp);
  }
};

void run(
    PredictOptions options,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  NADIR_CHECK(
      !options.probe.empty() && !options.data.empty(),
      "--probe and --data must be given; see nadir predict --help");
  options.probe = remote->input(options.probe);
  options.weights = remote_weights(*remote, options.weights);
  store::RemoteOutput output(*remote, options.out);
  const auto group = join_feature_group(options.num_workers, options.device);
  const auto probe = eval::load_probe(options.probe);
  eval::FeaturesConfig features;
  const bool is_as_trained = options.weights.empty();
  features.weights = is_as_trained ? probe.weights : options.weights;
  features.checkpoint_key =
      is_as_trained ? probe.checkpoint_key : options.checkpoint_key;
  NADIR_CHECK(
      std::filesystem::exists(features.weights),
      "the weights {} of the probe {} are not there; say where they are with "
      "--weights",
      features.weights,
      options.probe);
  features.device = options.device;
  features.precision = options.precision;
  const auto frozen = eval::load_frozen_network(features);
  data::DatasetOptions source;
  source.data = options.data;
  source.index = options.index;
  source.bands = probe.views.normalization.bands;
  source.remote = remote;
  const auto images = eval::unlabelled_images(
      data::open_dataset(source), options.split, options.max_images);
  if (group->is_first()) {
    eval::check_prediction_path(images, output.path());
  }
  const auto predictions = eval::predict(
      probe, frozen, images, options.batch_size, options.num_workers, *group);
  if (!group->is_first()) {
    return;
  }
  eval::write_predictions(predictions, output.path());
  output.publish();
  if (as_json) {
    print_json(
        {{"images", images.size()},
         {"classes", probe.class_names},
         {"out", options.out}});
  } else {
    std::printf(
        "%lld images, %zu classes: %s\n",
        static_cast<long long>(images.size()),
        probe.class_names.size(),
        options.out.c_str());
  }
}

}  // namespace

void add_predict(Command parent) {
  auto command = parent.add_command(
      "predict", "Label images with a probe that `nadir eval linear` trained.");
  auto options = std::make_shared<PredictOptions>();  // outlives the parse
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir predict --probe runs/a/eval/linear --data ben-rgb --split test "
      "--out labels.geojson");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
