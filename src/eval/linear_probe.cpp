#include "eval/linear_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/signals.h"
#include "eval/head_stack.h"

namespace nadir::eval {

namespace {

constexpr char kProbesSoFar[] = "probes trained so far";

void draw_row(
    const std::string& class_name,
    int64_t seed,
    const FeatureColumns& columns,
    float* row) {
  const auto hash = std::stoull(sha256_hex(class_name).substr(0, 16), {}, 16);
  RandomStream random(
      static_cast<uint64_t>(seed),
      StreamPurpose::kProbe,
      hash,
      static_cast<uint64_t>(columns.begin),
      static_cast<uint32_t>(columns.width));
  for (int64_t f = 0; f < columns.width; ++f) {
    row[f] = static_cast<float>(0.01 * random.normal());
  }
}

std::unique_ptr<HeadStack> make_stack(
    const at::Tensor& features_NF,
    const at::Tensor& labels,
    const FeatureColumns& columns,
    const std::vector<std::string>& class_names,
    Task task,
    const LinearProbeConfig& config) {
  HeadStackSetup setup;
  setup.features_NF = features_NF.narrow(1, columns.begin, columns.width);
  setup.labels = labels;
  const auto num_classes = static_cast<int64_t>(class_names.size());
  setup.weight_CF = at::empty({num_classes, columns.width}, at::kFloat);
  for (int64_t c = 0; c < num_classes; ++c) {
    draw_row(
        class_names[c],
        config.seed,
        columns,
        setup.weight_CF.data_ptr<float>() + c * columns.width);
  }
  for (const double lr : config.lr) {
    setup.rates.push_back(lr * static_cast<double>(config.batch_size) / 256.0);
  }
  setup.momentum = config.momentum;
  setup.task = task;
  return features_NF.is_cpu() ? make_cpu_stack(setup)
                              : make_tensor_stack(setup);
}

// Heads of a stack, back in the units of the raw features.
void add_heads(
    const HeadStack& stack,
    const FeatureColumns& columns,
    const std::vector<double>& learning_rates,
    const at::Tensor& mean_F,
    const at::Tensor& std_F,
    int64_t num_steps,
    std::vector<LinearHead>& heads) {
  const auto weight = stack.weight();
  const auto bias = stack.bias();
  const auto loss = stack.loss_sums();
  const auto num_rates = static_cast<int64_t>(learning_rates.size());
  const int64_t num_classes = weight.size(0) / num_rates;
  for (int64_t l = 0; l < num_rates; ++l) {
    LinearHead head;
    head.columns = columns;
    head.learning_rate = learning_rates[l];
    head.weight_CF = weight.narrow(0, l * num_classes, num_classes).clone();
    head.bias_C = bias.narrow(0, l * num_classes, num_classes).clone();
    if (mean_F.defined()) {
      head.weight_CF /= std_F.narrow(0, columns.begin, columns.width);
      head.bias_C -=
          head.weight_CF.mv(mean_F.narrow(0, columns.begin, columns.width));
    }
    head.final_loss = loss[l].item<double>() / static_cast<double>(num_steps);
    heads.push_back(std::move(head));
  }
}

void check_data(
    const ProbeData& data,
    int64_t num_classes,
    Task task,
    const std::vector<FeatureColumns>& columns) {
  const auto& features = data.features_NF;
  NADIR_CHECK(
      features.dim() == 2 && features.scalar_type() == at::kFloat,
      "probe features must be a float32 matrix");
  const int64_t num_images = data.labels.num_images;
  NADIR_CHECK(num_images > 0, "a probe needs training images, got none");
  NADIR_CHECK(
      features.size(0) > 0 && features.size(0) % num_images == 0,
      "probe features must hold whole views of {} images, got {} rows",
      num_images,
      features.size(0));
  NADIR_CHECK(
      num_classes == data.labels.num_classes && num_classes > 0,
      "a probe needs class names for {} classes, got {}",
      data.labels.num_classes,
      num_classes);
  for (const auto& range : columns) {
    NADIR_CHECK(
        range.begin >= 0 && range.width > 0 &&
            range.begin + range.width <= features.size(1),
        "feature columns '{}' lie outside the {} columns there are",
        range.name,
        features.size(1));
  }
  for (int64_t n = 0; task == Task::kSingleLabel && n < num_images; ++n) {
    const auto row = data.labels.row(n);
    const int64_t count = std::accumulate(row.begin(), row.end(), int64_t{0});
    NADIR_CHECK(
        count == 1,
        "a single-label probe needs exactly one label an image, image {} has "
        "{}",
        n,
        count);
  }
}

at::Tensor label_tensor(
    const LabelMatrix& labels, const at::TensorOptions& options) {
  return at::from_blob(
             const_cast<uint8_t*>(labels.values.data()),
             {labels.num_images, labels.num_classes},
             at::kByte)
      .to(options);
}

EpochOrder draw_order(
    int64_t num_images,
    int64_t num_views,
    int64_t seed,
    int64_t epoch,
    at::Device device) {
  RandomStream random(
      static_cast<uint64_t>(seed),
      StreamPurpose::kProbe,
      static_cast<uint64_t>(epoch),
      0,
      2);
  const auto images = random.permutation(num_images);
  auto rows = images;
  for (int64_t& row : rows) {
    row += (epoch + row) % num_views * num_images;
  }
  return {at::tensor(rows).to(device), at::tensor(images).to(device)};
}

}  // namespace

void check_config(const LinearProbeConfig& config) {
  NADIR_CHECK(config.epochs >= 1, "epochs must be >= 1, got {}", config.epochs);
  NADIR_CHECK(
      config.batch_size >= 1,
      "batch_size must be >= 1, got {}",
      config.batch_size);
  NADIR_CHECK(!config.lr.empty(), "lr must name at least one learning rate");
  for (const double lr : config.lr) {
    NADIR_CHECK(lr > 0 && std::isfinite(lr), "lr must be > 0, got {}", lr);
  }
  NADIR_CHECK(
      config.momentum >= 0 && config.momentum < 1,
      "momentum must lie in [0, 1), got {}",
      config.momentum);
}

std::vector<LinearHead> train_linear_heads(
    const ProbeData& train,
    const std::vector<std::string>& class_names,
    Task task,
    const std::vector<FeatureColumns>& columns,
    const LinearProbeConfig& config) {
  const at::NoGradGuard no_grad;
  check_config(config);
  check_data(train, static_cast<int64_t>(class_names.size()), task, columns);
  auto features = train.features_NF.contiguous();
  const auto options = features.options();
  const auto labels = label_tensor(train.labels, options);
  const int64_t num_images = train.labels.num_images;
  const int64_t num_views = features.size(0) / num_images;

  at::Tensor mean_F;
  at::Tensor std_F;
  if (config.standardize) {
    mean_F = features.mean(0);
    std_F = features.std(0, false).clamp_min(1e-6);
    features = (features - mean_F) / std_F;
  }

  std::vector<std::unique_ptr<HeadStack>> stacks;
  for (const auto& range : columns) {
    stacks.push_back(
        make_stack(features, labels, range, class_names, task, config));
  }
  const int64_t num_steps = ceil_div(num_images, config.batch_size);
  Progress progress("training probes", config.epochs, "epochs");
  for (int64_t epoch = 0; epoch < config.epochs; ++epoch) {
    const double factor =
        0.5 * (1 + std::cos(
                       std::numbers::pi * static_cast<double>(epoch) /
                       static_cast<double>(config.epochs)));
    for (const auto& stack : stacks) {
      stack->begin_epoch(factor, epoch + 1 == config.epochs);
    }
    const auto order =
        draw_order(num_images, num_views, config.seed, epoch, options.device());
    for (int64_t begin = 0; begin < num_images; begin += config.batch_size) {
      stop_if_told(kProbesSoFar);
      const int64_t batch = std::min(config.batch_size, num_images - begin);
      for (const auto& stack : stacks) {
        stack->step(order, begin, batch);
      }
    }
    progress.advance();
  }

  std::vector<LinearHead> heads;
  for (size_t i = 0; i < stacks.size(); ++i) {
    add_heads(
        *stacks[i], columns[i], config.lr, mean_F, std_F, num_steps, heads);
  }
  return heads;
}

at::Tensor head_probabilities(
    const LinearHead& head, const at::Tensor& features_NF, Task task) {
  const at::NoGradGuard no_grad;
  const auto logits = at::addmm(
      head.bias_C,
      features_NF.narrow(1, head.columns.begin, head.columns.width),
      head.weight_CF.t());
  return task == Task::kMultiLabel ? logits.sigmoid() : logits.softmax(1);
}

ScoredLabels score_head(
    const LinearHead& head,
    const at::Tensor& features_NF,
    const LabelMatrix& labels,
    Task task) {
  NADIR_CHECK(
      features_NF.size(0) == labels.num_images,
      "need one row of features an image, got {} rows for {} images",
      features_NF.size(0),
      labels.num_images);
  const auto probability = head_probabilities(head, features_NF, task)
                               .to(at::kCPU, at::kDouble)
                               .contiguous();
  const double* values = probability.const_data_ptr<double>();
  return {
      labels.num_images,
      labels.num_classes,
      std::vector<double>(values, values + probability.numel()),
      labels.values};
}

HeadChoice select_head(
    const std::vector<LinearHead>& heads,
    const at::Tensor& features_NF,
    const LabelMatrix& labels,
    Task task) {
  HeadChoice choice;
  double best = -1;
  for (size_t i = 0; i < heads.size(); ++i) {
    stop_if_told(kProbesSoFar);
    const auto scored = score_head(heads[i], features_NF, labels, task);
    const bool is_finite = std::all_of(
        scored.scores.begin(), scored.scores.end(), [](double value) {
          return std::isfinite(value);
        });
    double score = std::numeric_limits<double>::quiet_NaN();
    if (is_finite) {
      score = task == Task::kMultiLabel
                  ? score_average_precision(scored).macro.value_or(0)
                  : top_k_accuracy(scored, 1);
    }
    choice.scores.push_back(score);
    if (score > best) {
      best = score;
      choice.index = static_cast<int64_t>(i);
    }
  }
  NADIR_CHECK(
      best >= 0,
      "none of the {} probe heads stayed finite; lower --lr",
      heads.size());
  choice.score = best;
  return choice;
}

}  // namespace nadir::eval
