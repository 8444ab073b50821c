// One run as a report needs it, read from its run folder
// (docs/formats/run-folder.md).
#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/curve.h"
#include "report/eval_table.h"
#include "runs/metrics_table.h"
#include "runs/run_folder.h"

namespace nadir::report {

struct Picture {
  std::string name;  // file name without extension
  std::string png;   // bytes
};

struct Run {
  std::string name;  // the folder's own name
  std::filesystem::path path;
  std::optional<runs::RunStatus> status;
  std::map<std::string, std::string> config;  // "section.key" -> TOML value
  std::string config_text;
  nlohmann::ordered_json provenance;      // null if there is none
  std::map<std::string, Curve> by_step;   // every number of metrics.jsonl
  std::map<std::string, Curve> by_epoch;  // the evaluations' numbers
  std::vector<runs::MetricsEvent> events;
  int64_t num_records = 0;
  int64_t num_damaged = 0;  // lines of metrics.jsonl that were unreadable
  std::vector<EvalTable> tables;
  std::vector<Picture> pictures;

  // The curve of `key` over the steps, null if the run has none.
  [[nodiscard]] const Curve* curve(const std::string& key) const;

  // A configuration's value by key in whatever section, "" if there is none.
  [[nodiscard]] std::string config_value(const std::string& key) const;

  // "finished", "running", ...; "interrupted" where the status says running
  // and its process is gone from this machine; "unknown" without status.
  [[nodiscard]] std::string state() const;

  // ln K of the head's K prototypes, NaN if the configuration lacks out_dim.
  [[nodiscard]] double log_num_prototypes() const;
};

// Throws Error naming the run: kNotFound if there is no run at `path`,
// kCorruptData if one of its files is damaged.
[[nodiscard]] Run read_run(const std::filesystem::path& path);

// The same without the curves and events of metrics.jsonl.
[[nodiscard]] Run read_run_files(const std::filesystem::path& path);

// Adds the table's rows from `first_row` on to the run's curves, and replaces
// its events.
void add_metrics(Run& run, const runs::MetricsTable& table, int64_t first_row);

// The runs in their order; runs of the same name are told apart by their
// paths.
[[nodiscard]] std::vector<Run> read_runs(const std::vector<std::string>& paths);

// The evaluation curve to show for a run: accuracy or macro AP of the k-NN.
struct EvalCurve {
  std::string key;    // "knn_top1", "knn_accuracy" or "knn_ap_macro"
  std::string label;  // "k-NN accuracy"
  const Curve* by_epoch = nullptr;
};

[[nodiscard]] std::optional<EvalCurve> eval_curve(const Run& run);

}  // namespace nadir::report
