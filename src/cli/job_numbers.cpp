// With `nadir job metrics` and `compare`.
#include "cli/job_numbers.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_plan.h"
#include "cloud/log_tail.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/text_table.h"

namespace nadir::cli {
namespace {

using nlohmann::json;

struct MetricsCommand {
  std::string name;
  aws::SessionOptions session;
};

struct CompareCommand {
  std::vector<std::string> names;
  aws::SessionOptions session;
};

std::string number_text(double value) {
  return fmt::format("{:.6g}", value);
}

void run_metrics(const MetricsCommand& args, bool as_json) {
  const JobClient client(args.session);
  const auto state = find_job(client, args.name);
  const auto points = metric_points(client, state);
  if (as_json) {
    json all = json::array();
    for (const auto& point : points) {
      all.push_back(
          {{"time_ms", point.time_ms},
           {"name", point.name},
           {"value", point.value}});
    }
    json final_values = json::object();
    for (const auto& [name, value] : state.final_metrics) {
      final_values[name] = value;
    }
    print_json({{"job", state.name}, {"points", all}, {"final", final_values}});
    return;
  }
  if (points.empty()) {
    std::printf("no metrics yet\n");
    return;
  }
  TextTable table({"metric", "values", "first", "last", "least", "most"});
  for (const auto& one : cloud::summarize(points)) {
    table.add_row(
        {one.name,
         std::to_string(one.count),
         number_text(one.first),
         number_text(one.last),
         number_text(one.least),
         number_text(one.most)});
  }
  std::printf("%s", table.text().c_str());
}

// One job as rows of names and values.
cloud::Pairs facts_of(const JobClient& client, const cloud::JobState& state) {
  cloud::Pairs facts = {
      {"status", state.status},
      {"instances",
       fmt::format("{} x {}", state.instance_count, state.instance_type)},
      {"running", format_duration(state.running_s(state.ended_s))}};
  if (state.billable_s >= 0) {
    facts.emplace_back(
        "billed", format_duration(static_cast<double>(state.billable_s)));
  }
  for (const auto& [name, value] : last_metrics(client, state)) {
    facts.emplace_back(name, number_text(value));
  }
  return facts;
}

std::string value_in(const cloud::Pairs& pairs, const std::string& name) {
  const auto found =
      std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) {
        return pair.first == name;
      });
  return found == pairs.end() ? "-" : found->second;
}

// The names of all, in the order of first appearance.
std::vector<std::string> names_of(const std::vector<cloud::Pairs>& all) {
  std::vector<std::string> names;
  for (const auto& pairs : all) {
    for (const auto& pair : pairs) {
      if (std::find(names.begin(), names.end(), pair.first) == names.end()) {
        names.push_back(pair.first);
      }
    }
  }
  return names;
}

// Rows of values by job; `only_differing` leaves out rows that are the same.
std::vector<std::vector<std::string>> rows_of(
    const std::vector<cloud::Pairs>& jobs, bool only_differing) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& name : names_of(jobs)) {
    std::vector<std::string> row = {name};
    std::set<std::string> values;
    for (const auto& job : jobs) {
      row.push_back(value_in(job, name));
      values.insert(row.back());
    }
    if (!only_differing || values.size() > 1) {
      rows.push_back(row);
    }
  }
  return rows;
}

json json_of_pairs(const cloud::Pairs& pairs) {
  json object = json::object();
  for (const auto& [name, value] : pairs) {
    object[name] = value;
  }
  return object;
}

void run_compare(const CompareCommand& args, bool as_json) {
  NADIR_CHECK(
      args.names.size() >= 2,
      "compare takes two jobs or more, got {}",
      args.names.size());
  const JobClient client(args.session);
  std::vector<cloud::Pairs> facts;
  std::vector<cloud::Pairs> hyperparameters;
  for (const auto& name : args.names) {
    const auto state = find_job(client, name);
    facts.push_back(facts_of(client, state));
    hyperparameters.push_back(state.hyperparameters);
  }
  if (as_json) {
    json all = json::array();
    for (size_t i = 0; i < args.names.size(); ++i) {
      all.push_back(
          {{"name", args.names[i]},
           {"facts", json_of_pairs(facts[i])},
           {"hyperparameters", json_of_pairs(hyperparameters[i])}});
    }
    print_json({{"jobs", all}});
    return;
  }
  std::vector<std::string> header = {""};
  header.insert(header.end(), args.names.begin(), args.names.end());
  TextTable table(header);
  for (const auto& row : rows_of(facts, false)) {
    table.add_row(row);
  }
  for (auto row : rows_of(hyperparameters, true)) {
    row.front() = "--" + row.front();
    table.add_row(row);
  }
  std::printf("%s", table.text().c_str());
}

}  // namespace

std::vector<cloud::MetricPoint> metric_points(
    const JobClient& client, const cloud::JobState& state) {
  const cloud::MetricReader reader(
      state.metrics.empty() ? printed_metrics() : state.metrics);
  cloud::LogTail tail(client.logs, state.kind, state.name);
  std::vector<cloud::MetricPoint> points;
  for (const auto& line : tail.read()) {
    for (const auto& point : reader.read(line)) {
      points.push_back(point);
    }
  }
  return points;
}

std::vector<std::pair<std::string, double>> last_metrics(
    const JobClient& client, const cloud::JobState& state) {
  std::vector<std::pair<std::string, double>> values;
  for (const auto& one : cloud::summarize(metric_points(client, state))) {
    values.emplace_back(one.name, one.last);
  }
  return values.empty() ? state.final_metrics : values;
}

void add_job_metrics(Command parent) {
  auto command = parent.add_command(
      "metrics", "Show a job's metrics: loss, k-NN, speed, GPU use.");
  auto args = std::make_shared<MetricsCommand>();  // outlives the parse
  command.add("NAME", args->name, "The job's name.").required();
  add_session_flags(command, args->session);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir job metrics nadir-pretrain-2026-01-31-12-34-56-789");
  command.on_run([args, as_json] { run_metrics(*args, *as_json); });
}

void add_job_compare(Command parent) {
  auto command = parent.add_command(
      "compare",
      "Compare jobs: state, time, cost, last metrics, and the hyperparameters "
      "in\nwhich they differ.");
  auto args = std::make_shared<CompareCommand>();  // outlives the parse
  command.add_words("NAMES", args->names, "Names of jobs.").required();
  add_session_flags(command, args->session);
  const auto as_json = command.add_json_flag();
  command.set_example("nadir job compare job-a job-b");
  command.on_run([args, as_json] { run_compare(*args, *as_json); });
}

}  // namespace nadir::cli
