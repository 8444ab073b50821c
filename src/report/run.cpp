#include "report/run.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <set>
#include <sstream>

#include <toml++/toml.h>

#include "core/error.h"
#include "core/file.h"
#include "core/host_name.h"
#include "core/json.h"

namespace nadir::report {
namespace {

namespace fs = std::filesystem;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_eval_key(const std::string& key) {
  return key.starts_with("knn_") || key.starts_with("linear_");
}

void read_metrics_of(Run& run) {
  const fs::path path = runs::RunPaths(run.path).metrics;
  runs::MetricsTable table(path);
  table.read_new();
  table.take_unfinished();
  add_metrics(run, table, 0);
  if (run.num_records == 0 && run.num_damaged > 0) {
    fail(
        ErrorCode::kCorruptData,
        "the run {} is damaged: none of the {} lines of {} is a record",
        run.path.string(),
        run.num_damaged,
        path.string());
  }
}

void flatten(
    const toml::table& table,
    const std::string& prefix,
    std::map<std::string, std::string>& config) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      flatten(*inner, name + ".", config);
    } else if (const auto* text = node.as_string()) {
      config[name] = text->get();
    } else if (const auto* number = node.as_floating_point()) {
      config[name] = fmt::format("{}", number->get());  // 0.04, not 0.0400..1
    } else {
      std::ostringstream out;
      node.visit([&](const auto& value) { out << value; });
      config[name] = out.str();
    }
  }
}

void read_config_of(Run& run) {
  const fs::path path = runs::RunPaths(run.path).config;
  if (!fs::exists(path)) {
    return;
  }
  run.config_text = read_file(path);
  try {
    flatten(toml::parse(run.config_text), "", run.config);
  } catch (const toml::parse_error& error) {
    fail(
        ErrorCode::kCorruptData,
        "the run {} is damaged: {} line {}: {}",
        run.path.string(),
        path.string(),
        error.source().begin.line,
        error.description());
  }
}

void read_provenance_of(Run& run) {
  const fs::path path = runs::RunPaths(run.path).provenance;
  if (!fs::exists(path)) {
    return;
  }
  run.provenance = parse_ordered_json(read_file(path));
  if (!run.provenance.is_object()) {
    fail(
        ErrorCode::kCorruptData,
        "the run {} is damaged: {} is no JSON object",
        run.path.string(),
        path.string());
  }
}

// The folder's files that end with `extension`, in the order of their names.
std::vector<fs::path> files_in(
    const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == extension && entry.is_regular_file()) {
        files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

const Curve* Run::curve(const std::string& key) const {
  const auto found = by_step.find(key);
  return found == by_step.end() ? nullptr : &found->second;
}

std::string Run::config_value(const std::string& key) const {
  for (const auto& [full_key, value] : config) {
    if (full_key == key || full_key.ends_with("." + key)) {
      return value;
    }
  }
  return "";
}

std::string Run::state() const {
  if (!status) {
    return "unknown";
  }
  const bool is_gone = status->state == runs::RunState::kRunning &&
                       status->host == host_name() && status->pid > 0 &&
                       ::kill(static_cast<pid_t>(status->pid), 0) != 0 &&
                       errno == ESRCH;
  return is_gone ? "interrupted" : runs::to_text(status->state);
}

double Run::log_num_prototypes() const {
  const double count = std::strtod(config_value("out_dim").c_str(), nullptr);
  return count > 1 ? std::log(count) : kNan;
}

void add_metrics(Run& run, const runs::MetricsTable& table, int64_t first_row) {
  run.events = table.events();
  run.num_records =
      table.num_rows() + static_cast<int64_t>(table.events().size());
  run.num_damaged = table.num_damaged();
  const auto* steps = table.column("step");
  const auto* epochs = table.column("epoch");
  const auto first = static_cast<size_t>(first_row);
  for (const auto& key : table.keys()) {
    if (key == "step") {
      continue;
    }
    const auto& values = *table.column(key);
    auto* by_step = steps == nullptr ? nullptr : &run.by_step[key];
    auto* by_epoch =
        epochs == nullptr || !is_eval_key(key) ? nullptr : &run.by_epoch[key];
    for (size_t row = first; row < values.size(); ++row) {
      if (std::isnan(values[row])) {
        continue;  // not in this record
      }
      if (by_step != nullptr && std::isfinite((*steps)[row])) {
        by_step->add((*steps)[row], values[row]);
      }
      if (by_epoch != nullptr && std::isfinite((*epochs)[row])) {
        by_epoch->add((*epochs)[row], values[row]);
      }
    }
  }
}

Run read_run_files(const fs::path& path) {
  if (!fs::is_directory(path)) {
    fail(ErrorCode::kNotFound, "there is no run folder {}", path.string());
  }
  if (!runs::RunFolder::exists(path)) {
    fail(
        ErrorCode::kNotFound,
        "{} is not a run: it has neither status.json nor metrics.jsonl",
        path.string());
  }
  Run run;
  run.path = path;
  run.name = fs::canonical(path).filename().string();
  const runs::RunPaths paths(path);
  if (fs::exists(paths.status)) {
    run.status = runs::read_status(path);
  }
  read_config_of(run);
  read_provenance_of(run);
  for (const auto& file : files_in(paths.eval, ".json")) {
    auto table = read_eval_table(file);
    if (!table.rows.empty()) {
      run.tables.push_back(std::move(table));
    }
  }
  // Linear probes first: they are what articles quote.
  std::stable_partition(
      run.tables.begin(), run.tables.end(), [](const EvalTable& table) {
        return table.kind == "linear";
      });
  for (const auto& file : files_in(paths.pictures, ".png")) {
    run.pictures.push_back({file.stem().string(), read_file(file)});
  }
  return run;
}

Run read_run(const fs::path& path) {
  auto run = read_run_files(path);
  read_metrics_of(run);
  return run;
}

std::vector<Run> read_runs(const std::vector<std::string>& paths) {
  NADIR_CHECK(!paths.empty(), "a report needs at least one run folder");
  std::vector<Run> runs;
  std::multiset<std::string> names;
  for (const auto& path : paths) {
    runs.push_back(read_run(path));
    names.insert(runs.back().name);
  }
  for (auto& run : runs) {
    if (names.count(run.name) > 1) {
      run.name = run.path.lexically_normal().string();
    }
  }
  return runs;
}

std::optional<EvalCurve> eval_curve(const Run& run) {
  for (const auto& [key, label] :
       {std::pair{"knn_top1", "k-NN accuracy"},
        std::pair{"knn_accuracy", "k-NN accuracy"},
        std::pair{"knn_ap_macro", "k-NN average precision (macro)"}}) {
    const auto found = run.by_epoch.find(key);
    if (found != run.by_epoch.end() && !found->second.empty()) {
      return EvalCurve{key, label, &found->second};
    }
  }
  return std::nullopt;
}

}  // namespace nadir::report
