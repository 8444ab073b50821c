// Runs nadir's metrics, k-NN and probe on tensors of a safetensors file and
// writes what they give to another, for eval_parity.py.
//
//   eval_cases IN.safetensors OUT.safetensors
//   eval_cases time           seconds of large cases, as JSON
#include <chrono>
#include <cstdio>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "checkpoint/safetensors.h"
#include "core/parallel.h"
#include "eval/knn.h"
#include "eval/linear_probe.h"
#include "eval/metrics.h"

namespace {

using nadir::checkpoint::TensorMap;
using nadir::eval::KnnConfig;
using nadir::eval::LabelMatrix;
using nadir::eval::LinearProbeConfig;
using nadir::eval::ScoredLabels;
using nadir::eval::Task;

LabelMatrix labels_of(const at::Tensor& labels) {
  const auto values = labels.contiguous();
  const auto* data = values.const_data_ptr<uint8_t>();
  return {
      labels.size(0),
      labels.size(1),
      std::vector<uint8_t>(data, data + values.numel())};
}

at::Tensor matrix_of(const ScoredLabels& scored) {
  return at::tensor(scored.scores, at::kDouble)
      .view({scored.num_images, scored.num_classes});
}

void add_metrics(const TensorMap& in, TensorMap& out) {
  const auto labels = labels_of(in.at("labels"));
  const auto scores = in.at("scores").contiguous();
  const auto* data = scores.const_data_ptr<double>();
  const ScoredLabels scored{
      labels.num_images,
      labels.num_classes,
      std::vector<double>(data, data + scores.numel()),
      labels.values};
  const auto precision = nadir::eval::score_average_precision(scored);
  std::vector<double> per_class;
  for (const auto& ap : precision.per_class) {
    per_class.push_back(ap.value_or(-1));
  }
  out["ap_per_class"] = at::tensor(per_class, at::kDouble);
  out["ap_macro"] = at::tensor(precision.macro.value(), at::kDouble);
  out["ap_micro"] = at::tensor(precision.micro.value(), at::kDouble);
  const auto thresholds = nadir::eval::best_f1_thresholds(scored);
  out["thresholds"] = at::tensor(thresholds, at::kDouble);
  const auto at_thresholds =
      nadir::eval::score_at_thresholds(scored, thresholds);
  out["f1_micro"] = at::tensor(at_thresholds.f1_micro, at::kDouble);
  out["f1_macro"] = at::tensor(at_thresholds.f1_macro, at::kDouble);
  const auto curve = nadir::eval::precision_recall_curve(
      scored.class_labels(1), scored.class_scores(1), 50);
  out["pr_recall"] = at::tensor(curve.recall, at::kDouble);
  out["pr_precision"] = at::tensor(curve.precision, at::kDouble);
  out["co_occurrences"] =
      at::tensor(nadir::eval::count_co_occurrences(scored, thresholds))
          .view({scored.num_classes, scored.num_classes});
}

void add_knn(const TensorMap& in, TensorMap& out) {
  for (const std::string kind : {"single", "multi"}) {
    const auto votes = nadir::eval::knn_votes(
        in.at("train"),
        labels_of(in.at("train_" + kind)),
        in.at("test"),
        labels_of(in.at("test_" + kind)),
        KnnConfig{});
    for (const auto& vote : votes) {
      out["knn_" + kind + "_" + std::to_string(vote.num_neighbours)] =
          matrix_of(vote.scored);
    }
  }
}

// The first weights are read off a head whose rate is too small to move them.
void add_probe(const TensorMap& in, TensorMap& out) {
  const auto& features = in.at("train");
  const int64_t width = features.size(1);
  for (const std::string kind : {"single", "multi"}) {
    const auto labels = labels_of(in.at("train_" + kind));
    std::vector<std::string> names;
    for (int64_t c = 0; c < labels.num_classes; ++c) {
      names.push_back("class " + std::to_string(c));
    }
    LinearProbeConfig config;
    config.epochs = 8;
    config.batch_size = features.size(0);
    config.lr = {1e-30, 0.01, 0.1};
    const auto heads = nadir::eval::train_linear_heads(
        {features, labels},
        names,
        kind == "single" ? Task::kSingleLabel : Task::kMultiLabel,
        {{"all", 0, width}, {"part", 2, width - 4}},
        config);
    for (size_t i = 0; i < heads.size(); ++i) {
      const std::string key = "probe_" + kind + "_" + std::to_string(i);
      out[key + "_weight"] = heads[i].weight_CF;
      out[key + "_bias"] = heads[i].bias_C;
    }
  }
}

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count();
}

LabelMatrix random_labels(int64_t num_images, int64_t num_classes) {
  return labels_of(at::rand({num_images, num_classes}).lt(0.15).to(at::kByte));
}

void time_large_cases() {
  at::set_num_threads(nadir::available_threads());
  at::manual_seed(0);
  const auto train = at::randn({50000, 384});
  const auto test = at::randn({10000, 384});
  const auto train_labels = random_labels(50000, 19);
  const auto test_labels = random_labels(10000, 19);
  const double knn = seconds_of([&] {
    (void)nadir::eval::knn_votes(
        train, train_labels, test, test_labels, KnnConfig{});
  });
  const auto features = at::randn({50000, 1536});
  const auto probe_seconds = [&](std::vector<double> rates, int64_t epochs) {
    LinearProbeConfig config;
    config.epochs = epochs;
    config.lr = std::move(rates);
    return seconds_of([&] {
      (void)nadir::eval::train_linear_heads(
          {features, train_labels},
          std::vector<std::string>(19, "class"),
          Task::kMultiLabel,
          {{"all", 0, 1536}},
          config);
    });
  };
  const double one = probe_seconds({0.1}, 5);
  const double nine = probe_seconds(LinearProbeConfig{}.lr, 5);
  std::printf(
      "{\"knn_s\": %.3f, \"probe_epoch_s\": %.3f, "
      "\"probe_grid_epoch_s\": %.3f}\n",
      knn,
      one / 5,
      nine / 5);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "time") {
    time_large_cases();
    return 0;
  }
  if (argc != 3) {
    std::fprintf(stderr, "usage: eval_cases IN OUT | time\n");
    return 2;
  }
  const auto in = nadir::checkpoint::read_safetensors(argv[1]).tensors;
  TensorMap out;
  add_metrics(in, out);
  add_knn(in, out);
  add_probe(in, out);
  nadir::checkpoint::write_safetensors(argv[2], out);
  return 0;
}
