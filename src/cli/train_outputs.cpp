#include "cli/train_outputs.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/weights.h"
#include "container/metric_lines.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "eval/probe.h"
#include "model/vit_config.h"
#include "report/html_report.h"
#include "report/run.h"
#include "runs/run_folder.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelFile = "model.safetensors";

bool is_same_network(const std::string& arch, const std::string& other) {
  const auto a = model::vit_shape(arch);
  const auto b = model::vit_shape(other);
  return a.dim == b.dim && a.num_heads == b.num_heads && a.depth == b.depth;
}

bool write_backbone(const fs::path& run, const fs::path& folder) {
  const auto latest = checkpoint::find_latest(run);
  if (!latest) {
    return false;
  }
  checkpoint::WeightsOptions options;
  options.path = *latest;
  (void)checkpoint::save_weights(
      folder / kModelFile, checkpoint::load_weights(options));
  log_info(
      "container",
      "the model of {} is in {}",
      latest->filename().string(),
      folder.string());
  return true;
}

// What `nadir eval` writes.
fs::path scores_of(const container::JobCommand& command) {
  return command.work / (command.name + ".json");
}

fs::path probe_of(const container::JobCommand& command) {
  return command.work / "linear" / "probe.json";
}

// The probe last: it makes the folder whole.
bool write_classifier(
    const container::JobCommand& command, const fs::path& folder) {
  if (!fs::exists(probe_of(command))) {
    return false;
  }
  auto probe = eval::load_probe(probe_of(command));
  const auto labels = command.expected.find("num_labels");
  if (labels != command.expected.end() &&
      labels->second != std::to_string(probe.class_names.size())) {
    log_warning(
        "container",
        "num_labels is {}, but the images have {} classes, and so has the "
        "probe",
        labels->second,
        probe.class_names.size());
  }
  checkpoint::WeightsOptions options;
  options.path = command.weights;
  options.checkpoint_key = probe.checkpoint_key;
  (void)checkpoint::save_weights(
      folder / kModelFile, checkpoint::load_weights(options));
  probe.weights = kModelFile;
  probe.checkpoint_key.clear();
  eval::save_probe(probe, folder);
  log_info("container", "network and probe are in {}", folder.string());
  return true;
}

void copy_into(const fs::path& from, const fs::path& folder) {
  if (fs::is_regular_file(from)) {
    write_file(folder / from.filename(), read_file(from));
  }
}

// The run's own files: checkpoints stay where the platform synchronises them.
void write_run(const fs::path& run, const fs::path& folder) {
  const runs::RunPaths paths(run);
  for (const auto& file :
       {paths.config, paths.provenance, paths.status, paths.metrics}) {
    copy_into(file, folder);
  }
  for (const auto& part : {paths.pictures, paths.eval}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(part, error)) {
      copy_into(entry.path(), folder / part.filename());
    }
  }
  const auto read = report::read_runs({run.string()});
  write_file(folder / "report.html", report::html_report(read));
  log_info("container", "curves and report are in {}", folder.string());
}

void write_scores(const container::JobCommand& command) {
  const fs::path file = scores_of(command);
  if (!fs::exists(file)) {
    return;
  }
  copy_into(file, command.output);
  const auto line =
      container::score_line(command.name, parse_json(read_file(file)));
  if (line) {
    std::printf("%s\n", line->c_str());
  }
  log_info("container", "scores are in {}", command.output.string());
}

}  // namespace

void check_expected_network(const container::JobCommand& command) {
  const auto arch = command.expected.find("arch");
  const auto patch_size = command.expected.find("patch_size");
  if (arch == command.expected.end() && patch_size == command.expected.end()) {
    return;
  }
  checkpoint::WeightsOptions options;
  options.path = command.weights;
  const auto config = checkpoint::load_weights(options).config;
  NADIR_CHECK(
      arch == command.expected.end() ||
          is_same_network(arch->second, config.arch),
      "hyperparameter arch is {}, but the weights {} are of {}; leave it out",
      arch->second,
      command.weights.string(),
      config.arch);
  NADIR_CHECK(
      patch_size == command.expected.end() ||
          patch_size->second == std::to_string(config.patch_size),
      "hyperparameter patch_size is {}, but the weights {} have {}; leave it "
      "out",
      patch_size->second,
      command.weights.string(),
      config.patch_size);
}

void remove_old_results(const container::JobCommand& command) {
  if (command.name == "linear" || command.name == "knn") {
    fs::remove(scores_of(command));
    fs::remove(probe_of(command));
  }
}

bool write_job_model(
    const container::TrainingJob& job, const container::JobCommand& command) {
  if (command.name == "pretrain") {
    return write_backbone(command.work, job.paths.model);
  }
  if (command.name == "linear") {
    return write_classifier(command, job.paths.model);
  }
  if (command.name == "knn") {
    return fs::exists(scores_of(command));
  }
  return fs::exists(
      command.name == "pack" ? command.work / "dataset.json" : command.work);
}

void write_job_results(const container::JobCommand& command) {
  if (command.name == "pretrain" && runs::RunFolder::exists(command.work)) {
    write_run(command.work, command.output);
  } else if (command.name == "linear" || command.name == "knn") {
    write_scores(command);
  }
}

}  // namespace nadir::cli
