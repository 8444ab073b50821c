#include "eval/evaluate.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/signals.h"
#include "eval/feature_cache.h"
#include "eval/feature_sources.h"
#include "eval/grid_edge.h"
#include "eval/knn.h"
#include "runs/run_folder.h"

namespace nadir::eval {

namespace {

constexpr int64_t kCachedBlocks = 4;
constexpr int64_t kDefaultNeighbours = 20;

int64_t largest(const std::vector<double>& values, int64_t at_least) {
  for (const double value : values) {
    at_least = std::max(at_least, static_cast<int64_t>(value));
  }
  return at_least;
}

FeatureCache make_cache(
    const FrozenNetwork& frozen,
    const FeaturesConfig& features,
    const EvaluateConfig& config) {
  if (features.feature_cache == "none") {
    return FeatureCache("");
  }
  if (!features.feature_cache.empty()) {
    return FeatureCache(features.feature_cache);
  }
  const auto folder = output_folder(frozen, config);
  return FeatureCache(folder.empty() ? folder : folder / "features");
}

void check_config(const EvaluateConfig& config) {
  NADIR_CHECK(
      config.bootstrap >= 0,
      "bootstrap must be >= 0, got {}",
      config.bootstrap);
}

Evaluation describe(
    const std::string& kind,
    const FrozenNetwork& frozen,
    const Splits& splits,
    const ViewedSets& sets) {
  Evaluation evaluation;
  evaluation.kind = kind;
  evaluation.task = splits.task;
  evaluation.data = splits.train.dataset->description();
  evaluation.num_train = splits.train.size();
  evaluation.num_validation = splits.validation.size();
  evaluation.num_test = splits.test.size();
  evaluation.train_data = splits.train.description;
  evaluation.test_data = splits.test.description;
  evaluation.selected_on = splits.selected_on;
  evaluation.class_names = splits.class_names;
  evaluation.weights = frozen.name;
  evaluation.weights_source = frozen.source;
  evaluation.weights_sha256 = frozen.sha256;
  evaluation.precision = model::precision_name(frozen.precision);
  evaluation.normalization = sets.test_views.normalization.name;
  evaluation.bands = splits.train.dataset->bands();
  evaluation.train_views = sets.train_views.text();
  evaluation.test_views = sets.test_views.text();
  evaluation.test_names_sha256 = sets.test_key["names_sha256"];
  return evaluation;
}

nlohmann::ordered_json votes_json(
    const std::vector<KnnVotes>& votes, Task task) {
  auto json = nlohmann::ordered_json::array();
  for (const auto& vote : votes) {
    nlohmann::ordered_json entry = {{"k", vote.num_neighbours}};
    const auto precision = score_average_precision(vote.scored);
    entry["ap_macro"] = precision.macro
                            ? nlohmann::ordered_json(*precision.macro)
                            : nlohmann::ordered_json(nullptr);
    entry["ap_micro"] = precision.micro
                            ? nlohmann::ordered_json(*precision.micro)
                            : nlohmann::ordered_json(nullptr);
    if (task == Task::kSingleLabel) {
      entry["accuracy_top1"] = top_k_accuracy(vote.scored, 1);
      entry["accuracy_top5"] = top_k_accuracy(vote.scored, 5);
    }
    json.push_back(entry);
  }
  return json;
}

std::string votes_summary(const nlohmann::ordered_json& by_k, Task task) {
  const char* score = task == Task::kSingleLabel ? "accuracy_top1" : "ap_macro";
  std::vector<std::string> parts;
  for (const auto& entry : by_k) {
    parts.push_back(fmt::format(
        "k {}: {}",
        entry["k"].get<int64_t>(),
        entry[score].is_null()
            ? "-"
            : fmt::format("{:.3f}", entry[score].get<double>())));
  }
  return join(parts, ", ");
}

// The ranks must see the same images through the same weights; times of files
// differ between hosts.
void check_same_work(
    const distributed::Communicator& group,
    const std::string& weights_sha256,
    const ViewedSets& sets) {
  auto work = nlohmann::json::array({weights_sha256});
  for (const auto* key :
       {&sets.train_key, &sets.validation_key, &sets.test_key}) {
    auto own = *key;
    if (own.is_object()) {  // k-NN has no validation images
      own.erase("files_sha256");
    }
    work.push_back(std::move(own));
  }
  check_same_on_all(group, json_text(work), "weights or images");
}

nlohmann::ordered_json head_details(
    const std::vector<LinearHead>& heads, const HeadChoice& choice) {
  const auto& head = heads[choice.index];
  nlohmann::ordered_json details;
  details["learning_rate"] = head.learning_rate;
  details["blocks"] = head.columns.name;
  details["train_loss"] = head.final_loss;
  details["validation_score"] = choice.score;
  details["grid"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < heads.size(); ++i) {
    details["grid"].push_back(
        {{"blocks", heads[i].columns.name},
         {"learning_rate", heads[i].learning_rate},
         {"validation_score",
          std::isnan(choice.scores[i])
              ? nlohmann::ordered_json(nullptr)
              : nlohmann::ordered_json(choice.scores[i])}});
  }
  details["summary"] = fmt::format(
      "{}, learning rate {}, validation {:.3f} ({} heads tried)",
      head.columns.name,
      head.learning_rate,
      choice.score,
      heads.size());
  return details;
}

}  // namespace

Evaluation run_knn(
    const FrozenNetwork& frozen,
    const Splits& splits,
    const FeaturesConfig& features,
    const KnnConfig& knn,
    const EvaluateConfig& config,
    const distributed::Communicator& group) {
  check_config(knn);
  check_config(config);
  const auto layout = layout_of(*frozen.network, kCachedBlocks);
  LinearProbeConfig no_probe;
  no_probe.blocks = {1};
  const auto sets = make_viewed_sets(frozen, splits, features, 0);
  check_same_work(group, frozen.sha256, sets);
  const auto cache = make_cache(frozen, features, config);
  auto evaluation = describe("knn", frozen, splits, sets);
  evaluation.selected_on = "nothing: k is fixed beforehand";
  for (const auto& source : make_sources(frozen, layout, no_probe, config)) {
    const auto set = features_of(
        source, splits, sets, cache, features, group, Receivers::kAll);
    const auto& columns = source.knn_columns;
    const auto votes = knn_votes(
        set.train.narrow(1, columns.begin, columns.width),
        splits.train.labels,
        set.test.narrow(1, columns.begin, columns.width),
        splits.test.labels,
        knn,
        group,
        [] { stop_if_told("votes counted so far"); });
    if (!group.is_first()) {
      continue;
    }
    auto chosen = std::find_if(votes.begin(), votes.end(), [](const auto& v) {
      return v.num_neighbours == kDefaultNeighbours;
    });
    if (chosen == votes.end()) {
      chosen = votes.begin();
    }
    std::optional<std::vector<double>> thresholds;
    if (splits.task == Task::kMultiLabel) {
      thresholds.emplace(splits.class_names.size(), 0.5);
    }
    auto row = make_row(
        source.name,
        splits.task,
        chosen->scored,
        thresholds,
        config.bootstrap,
        0);
    row.details["k"] = chosen->num_neighbours;
    row.details["temperature"] = knn.temperature;
    row.details["by_k"] = votes_json(votes, splits.task);
    row.details["summary"] = votes_summary(row.details["by_k"], splits.task);
    evaluation.rows.push_back(std::move(row));
  }
  return evaluation;
}

LinearEvaluation run_linear(
    const FrozenNetwork& frozen,
    const Splits& splits,
    const FeaturesConfig& features,
    const LinearProbeConfig& probe,
    const EvaluateConfig& config,
    const distributed::Communicator& group) {
  NADIR_CHECK(
      splits.validation.size() > 0,
      "a probe needs validation images to select on");
  check_config(probe);
  check_config(config);
  const auto layout =
      layout_of(*frozen.network, largest(probe.blocks, kCachedBlocks));
  const auto sets =
      make_viewed_sets(frozen, splits, features, features.train_views);
  check_same_work(group, frozen.sha256, sets);
  const auto cache = make_cache(frozen, features, config);
  LinearEvaluation result;
  result.evaluation = describe("linear", frozen, splits, sets);
  for (const auto& source : make_sources(frozen, layout, probe, config)) {
    const auto set = features_of(
        source, splits, sets, cache, features, group, Receivers::kFirst);
    if (!group.is_first()) {
      continue;  // the probes are the first rank's
    }
    const auto to_device = [&](const at::Tensor& matrix) {
      return matrix.to(frozen.device);
    };
    const auto heads = train_linear_heads(
        {to_device(set.train), splits.train.labels},
        splits.class_names,
        splits.task,
        source.probe_columns,
        probe);
    const auto validation = to_device(set.validation);
    const auto choice =
        select_head(heads, validation, splits.validation.labels, splits.task);
    const auto& head = heads[choice.index];
    warn_at_grid_edge(probe.lr, head.learning_rate, source.name);
    std::optional<std::vector<double>> thresholds;
    if (splits.task == Task::kMultiLabel) {
      thresholds = best_f1_thresholds(
          score_head(head, validation, splits.validation.labels, splits.task));
    }
    auto row = make_row(
        source.name,
        splits.task,
        score_head(head, to_device(set.test), splits.test.labels, splits.task),
        thresholds,
        config.bootstrap,
        static_cast<uint64_t>(probe.seed));
    row.details = head_details(heads, choice);
    row.details["epochs"] = probe.epochs;
    row.details["batch_size"] = probe.batch_size;
    row.details["standardize"] = probe.standardize;
    result.evaluation.rows.push_back(std::move(row));
    if (!source.is_baseline) {
      result.probe = {
          head,
          layout,
          splits.task,
          splits.class_names,
          thresholds.value_or(std::vector<double>{}),
          sets.test_views,
          frozen.name,
          frozen.checkpoint_key,
          frozen.sha256};
      result.predictions = predictions_of(
          result.probe,
          splits.test,
          to_device(set.test),
          features.feature_batch_size);
    }
  }
  return result;
}

std::filesystem::path output_folder(
    const FrozenNetwork& frozen, const EvaluateConfig& config) {
  if (!config.out.empty()) {
    return config.out;
  }
  return frozen.run.empty() ? std::filesystem::path()
                            : runs::RunPaths(frozen.run).eval;
}

void write_evaluation(
    const Evaluation& evaluation, const std::filesystem::path& folder) {
  if (folder.empty()) {
    return;
  }
  const auto path = folder / (evaluation.kind + ".json");
  write_file(path, json_text(to_json(evaluation), 2) + "\n");
  log_info("eval", "results are in {}", path.string());
}

}  // namespace nadir::eval
