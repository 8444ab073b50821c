#include "container/metric_lines.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace nadir::container {
namespace {

struct Metric {
  const char* key;   // of metrics.jsonl
  const char* line;  // the name in the log
  const char* name;  // of the definition
};

constexpr Metric kMetrics[] = {
    {"loss", "train_loss", "train:loss"},
    {"lr", "train_lr", "train:lr"},
    {"epoch", "train_epoch", "train:epoch"},
    {"grad_norm", "train_grad_norm", "train:grad_norm"},
    {"images_per_s", "train_images_per_s", "train:images_per_s"},
    {"data_wait_share", "train_data_wait_share", "train:data_wait_share"},
    {"teacher_entropy", "train_teacher_entropy", "train:teacher_entropy"},
    {"kl", "train_kl", "train:kl"},
    {"feature_rank", "train_feature_rank", "train:feature_rank"},
    {"rss_bytes", "train_memory_bytes", "train:memory_bytes"},
    {"processors_used", "train_processors_used", "train:processors_used"},
    {"gpu_busy_share", "train_gpu_busy_share", "train:gpu_busy_share"},
    {"gpu_memory_bytes", "train_gpu_memory_bytes", "train:gpu_memory_bytes"},
    {"knn_accuracy", "eval_knn", "eval:knn"},
    {"knn_ap_macro", "eval_knn", "eval:knn"},
};
constexpr const char* kLinearScore = "eval_linear";

// Records of k-NN scores carry an epoch too, which is not worth a line.
bool is_score(const nlohmann::json& record) {
  return !record.contains("loss");
}

std::string regex_of(const std::string& line) {
  return line + "=([-+0-9.eE]+)";
}

}  // namespace

std::vector<MetricDefinition> metric_definitions() {
  std::vector<MetricDefinition> definitions;
  for (const Metric& metric : kMetrics) {
    if (definitions.empty() || definitions.back().name != metric.name) {
      definitions.push_back({metric.name, regex_of(metric.line)});
    }
  }
  definitions.push_back({"eval:linear", regex_of(kLinearScore)});
  return definitions;
}

std::vector<std::string> metric_lines(const nlohmann::json& record) {
  std::vector<std::string> lines;
  const auto step = record.find("step");
  if (record.contains("event") || step == record.end()) {
    return lines;
  }
  for (const Metric& metric : kMetrics) {
    const auto value = record.find(metric.key);
    const bool is_wanted =
        !is_score(record) || std::string(metric.line) == "eval_knn";
    if (is_wanted && value != record.end() && value->is_number()) {
      lines.push_back(fmt::format(
          "{}={:.6g} step={}",
          metric.line,
          value->get<double>(),
          json_text(*step)));
    }
  }
  return lines;
}

std::optional<std::string> score_line(
    const std::string& kind, const nlohmann::json& evaluation) {
  const auto rows = evaluation.find("rows");
  if (rows == evaluation.end() || !rows->is_array() || rows->empty()) {
    return std::nullopt;
  }
  // The weights' own row; those of baselines are beside it.
  for (const auto& row : *rows) {
    if (!row.is_object() || row.value("features", "") == "random weights" ||
        row.value("features", "") == "image statistics") {
      continue;
    }
    for (const char* key : {"ap_macro", "accuracy_top1"}) {
      if (const auto score = row.find(key);
          score != row.end() && score->is_number()) {
        return fmt::format("eval_{}={:.6g}", kind, score->get<double>());
      }
    }
  }
  return std::nullopt;
}

MetricPrinter::MetricPrinter(
    const std::filesystem::path& metrics_file,
    std::chrono::milliseconds interval)
    : reader_(metrics_file), interval_(interval) {
  reader_.read_new([&](const nlohmann::json& record) {
    last_step_ = record.value("step", last_step_);
  });
}

void MetricPrinter::take(const nlohmann::json& record) {
  const int64_t step = record.value("step", int64_t{0});
  if (record.value("event", "") == "resume") {
    last_step_ = step;  // what was later has been forgotten
  }
  const bool is_old = is_score(record) ? step < last_step_ : step <= last_step_;
  if (is_old) {
    return;
  }
  last_step_ = step;
  auto lines = metric_lines(record);
  if (is_score(record)) {
    for (const auto& line : lines) {
      std::printf("%s\n", line.c_str());
    }
  } else if (!lines.empty()) {
    waiting_ = std::move(lines);
  }
}

void MetricPrinter::finish() {
  print_new();
  for (const auto& line : waiting_) {
    std::printf("%s\n", line.c_str());
  }
  waiting_.clear();
  std::fflush(stdout);
}

void MetricPrinter::print_new() {
  reader_.read_new([&](const nlohmann::json& record) { take(record); });
  if (!waiting_.empty() && Clock::now() >= next_print_) {
    for (const auto& line : waiting_) {
      std::printf("%s\n", line.c_str());
    }
    waiting_.clear();
    next_print_ = Clock::now() + interval_;
  }
  std::fflush(stdout);
}

}  // namespace nadir::container
