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
#include "runs/metrics_reader.h"

namespace nadir::report {
namespace {

namespace fs = std::filesystem;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_eval_key(const std::string& key) {
  return key.starts_with("knn_") || key.starts_with("linear_");
}

// A null is a number that was not finite.
double value_of(const nlohmann::json& json) {
  return json.is_number() ? json.get<double>() : kNan;
}

double number_at(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found == record.end() ? kNan : value_of(*found);
}

void add_record(Run& run, const nlohmann::json& record) {
  ++run.num_records;
  const double step = number_at(record, "step");
  const auto event = record.find("event");
  if (event != record.end() && event->is_string()) {
    const auto text = record.find("text");
    run.events.push_back(
        {std::isnan(step) ? 0 : step,
         event->get<std::string>(),
         text != record.end() && text->is_string() ? text->get<std::string>()
                                                   : ""});
    return;
  }
  const double epoch = number_at(record, "epoch");
  for (const auto& [key, value] : record.items()) {
    if (key == "step" || !(value.is_number() || value.is_null())) {
      continue;
    }
    if (!std::isnan(step)) {
      run.by_step[key].add(step, value_of(value));
    }
    if (is_eval_key(key) && !std::isnan(epoch)) {
      run.by_epoch[key].add(epoch, value_of(value));
    }
  }
}

void read_metrics_of(Run& run) {
  const fs::path path = runs::RunPaths(run.path).metrics;
  if (!fs::exists(path)) {
    return;  // begun, no step done yet
  }
  run.num_damaged = runs::read_metrics(
      path, [&](const nlohmann::json& record) { add_record(run, record); });
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

Run read_run(const fs::path& path) {
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
  read_metrics_of(run);
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
