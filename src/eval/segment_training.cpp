#include "eval/segment_training.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/signals.h"

namespace nadir::eval {

namespace {

constexpr char kSegmentHeadsSoFar[] = "segmentation heads trained so far";
constexpr int64_t kScoredWindows = 16;  // at a time

// Adam over parameters whose first dimension is R equal parts, each with a
// rate of its own.
class StackedAdam {
 public:
  StackedAdam(HeadLayers& layers, const std::vector<double>& rates)
      : layers_(layers) {
    const auto rates_R = at::tensor(rates).to(at::kFloat);
    for (const auto& layer : layers) {
      std::vector<int64_t> shape(layer.dim(), 1);
      shape[0] = layer.size(0);
      rates_.push_back(
          rates_R.repeat_interleave(layer.size(0) / rates_R.size(0))
              .view(shape)
              .to(layer.device()));
      means_.push_back(at::zeros_like(layer));
      squares_.push_back(at::zeros_like(layer));
    }
  }

  // One step down the gradients, rates times `factor`; clears them.
  void step(double factor) {
    const at::NoGradGuard no_grad;
    ++num_steps_;
    const double mean_scale = 1 - std::pow(kBeta1, num_steps_);
    const double square_scale = 1 - std::pow(kBeta2, num_steps_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      auto& gradient = layers_[i].mutable_grad();
      means_[i].mul_(kBeta1).add_(gradient, 1 - kBeta1);
      squares_[i].mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
      const auto spread = (squares_[i] / square_scale).sqrt_().add_(kEpsilon);
      layers_[i].sub_(means_[i] / spread * rates_[i] * (factor / mean_scale));
      gradient.reset();
    }
  }

 private:
  static constexpr double kBeta1 = 0.9;
  static constexpr double kBeta2 = 0.999;
  static constexpr double kEpsilon = 1e-8;

  HeadLayers& layers_;
  std::vector<at::Tensor> rates_;
  std::vector<at::Tensor> means_;
  std::vector<at::Tensor> squares_;
  double num_steps_ = 0;
};

at::Tensor as_grid(const at::Tensor& tokens_BTD) {
  const auto side =
      std::llround(std::sqrt(static_cast<double>(tokens_BTD.size(1))));
  return tokens_BTD.view({tokens_BTD.size(0), side, side, tokens_BTD.size(2)});
}

// Class indices of all windows, [W, S, S] uint8.
at::Tensor window_labels(const TokenSet& set, int64_t side_px) {
  const int64_t num_windows = set.tokens_WTD.size(0);
  auto labels = at::empty({num_windows, side_px, side_px}, at::kByte);
  uint8_t* out = labels.data_ptr<uint8_t>();
  for (const auto& mask : set.masks) {
    for (const auto& place : window_places(mask.height, mask.width, side_px)) {
      const auto window = cut_window(mask, place, side_px);
      out = std::copy(window.begin(), window.end(), out);
    }
  }
  NADIR_ASSERT(out == labels.data_ptr<uint8_t>() + labels.numel());
  return labels;
}

// Summed loss of each head over the judged pixels, [R].
at::Tensor loss_sums(
    const at::Tensor& logits_BCHW,
    const at::Tensor& labels_BSS,
    int64_t num_heads) {
  const int64_t num_windows = labels_BSS.size(0);
  const int64_t side = labels_BSS.size(1);
  const int64_t num_classes = logits_BCHW.size(1) / num_heads;
  const auto logits =
      at::upsample_bilinear2d(logits_BCHW, {side, side}, false)
          .view({num_windows * num_heads, num_classes, side, side});
  const auto labels = labels_BSS.to(at::kLong)
                          .unsqueeze(1)
                          .expand({num_windows, num_heads, side, side})
                          .reshape({num_windows * num_heads, side, side});
  return at::cross_entropy_loss(
             logits, labels, {}, at::Reduction::None, kIgnoredPixel)
      .view({num_windows, num_heads, side * side})
      .sum(at::IntArrayRef{0, 2});
}

// R copies of one head's first weights behind each other.
HeadLayers stack_layers(const HeadLayers& one, int64_t num_heads) {
  HeadLayers stacked;
  for (const auto& layer : one) {
    std::vector<int64_t> repeats(layer.dim(), 1);
    repeats[0] = num_heads;
    stacked.push_back(layer.repeat(repeats).requires_grad_(true));
  }
  return stacked;
}

TrainedHead unstack(
    const HeadLayers& layers, int64_t head, const SegmentHeadConfig& config) {
  TrainedHead trained;
  trained.head.learning_rate = config.lr[head];
  const auto num_heads = static_cast<int64_t>(config.lr.size());
  for (const auto& layer : layers) {
    const int64_t length = layer.size(0) / num_heads;
    trained.head.layers.push_back(
        layer.detach().narrow(0, head * length, length).clone());
  }
  return trained;
}

}  // namespace

void check_config(const SegmentHeadConfig& config) {
  NADIR_CHECK(!config.head.empty(), "head must name linear, conv, or both");
  for (const auto& head : config.head) {
    (void)parse_segment_head(head);
  }
  NADIR_CHECK(config.epochs >= 1, "epochs must be >= 1, got {}", config.epochs);
  NADIR_CHECK(
      config.batch_size >= 1,
      "batch_size must be >= 1, got {}",
      config.batch_size);
  NADIR_CHECK(!config.lr.empty(), "lr must name at least one learning rate");
  for (const double lr : config.lr) {
    NADIR_CHECK(lr > 0 && std::isfinite(lr), "lr must be > 0, got {}", lr);
  }
}

std::vector<TrainedHead> train_segment_heads(
    SegmentHeadKind kind,
    const TokenSet& train,
    int64_t num_classes,
    int64_t side_px,
    const SegmentHeadConfig& config,
    const std::string& what) {
  check_config(config);
  const auto num_heads = static_cast<int64_t>(config.lr.size());
  const int64_t num_windows = train.tokens_WTD.size(0);
  const int64_t width = train.tokens_WTD.size(2);
  const auto labels_WSS = window_labels(train, side_px);
  const auto judged = labels_WSS.ne(kIgnoredPixel).sum().item<int64_t>();
  NADIR_CHECK(
      judged > 0, "no pixel of the training masks has a class that counts");

  at::Tensor mean_D;
  at::Tensor std_D;
  {
    const at::NoGradGuard no_grad;
    const auto tokens = train.tokens_WTD.flatten(0, 1);
    mean_D = tokens.mean(0);
    std_D = tokens.std(0, false).clamp_min(1e-6);
  }
  const auto seed = static_cast<uint64_t>(config.seed);
  RandomStream first_weights(seed, StreamPurpose::kProbe, 0, 0, 4);
  auto layers = stack_layers(
      make_head_layers(kind, width, num_classes, first_weights), num_heads);
  StackedAdam adam(layers, config.lr);

  auto sums_R = at::zeros({num_heads}, at::kDouble);
  const int64_t steps_per_epoch = ceil_div(num_windows, config.batch_size);
  const int64_t num_steps = config.epochs * steps_per_epoch;
  int64_t step = 0;
  Progress progress(what, config.epochs, "epochs");
  for (int64_t epoch = 0; epoch < config.epochs; ++epoch) {
    RandomStream random(
        seed, StreamPurpose::kProbe, static_cast<uint64_t>(epoch), 0, 5);
    const auto order_W = at::tensor(random.permutation(num_windows));
    sums_R.zero_();
    for (const auto& rows_B : order_W.split(config.batch_size)) {
      stop_if_told(kSegmentHeadsSoFar);
      const double factor =
          0.5 * (1 + std::cos(
                         std::numbers::pi * static_cast<double>(step++) /
                         static_cast<double>(num_steps)));
      const auto labels_BSS = labels_WSS.index_select(0, rows_B);
      const auto count = labels_BSS.ne(kIgnoredPixel).sum().item<int64_t>();
      if (count == 0) {
        continue;
      }
      const auto tokens_BTD =
          (train.tokens_WTD.index_select(0, rows_B) - mean_D) / std_D;
      const auto losses_R = loss_sums(
          head_logits(kind, layers, as_grid(tokens_BTD), num_heads),
          labels_BSS,
          num_heads);
      (losses_R.sum() / static_cast<double>(count)).backward();
      adam.step(factor);
      sums_R += losses_R.detach();
    }
    progress.advance();
  }

  std::vector<TrainedHead> heads;
  for (int64_t r = 0; r < num_heads; ++r) {
    auto trained = unstack(layers, r, config);
    trained.head.kind = kind;
    trained.head.mean_D = mean_D;
    trained.head.std_D = std_D;
    trained.train_loss = sums_R[r].item<double>() / static_cast<double>(judged);
    heads.push_back(std::move(trained));
  }
  return heads;
}

std::vector<std::vector<uint8_t>> predict_images(
    const SegmentHead& head, const TokenSet& set, int64_t side_px) {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<uint8_t>> predictions;
  int64_t first = 0;
  for (const auto& mask : set.masks) {
    const auto places = window_places(mask.height, mask.width, side_px);
    const auto num_windows = static_cast<int64_t>(places.size());
    at::Tensor sum_KHW;
    for (int64_t begin = 0; begin < num_windows; begin += kScoredWindows) {
      stop_if_told(kSegmentHeadsSoFar);
      const int64_t count = std::min(kScoredWindows, num_windows - begin);
      const auto probability_BKSS =
          head.logits(
                  as_grid(set.tokens_WTD.narrow(0, first + begin, count)),
                  side_px)
              .softmax(1);
      if (!sum_KHW.defined()) {
        sum_KHW =
            at::zeros({probability_BKSS.size(1), mask.height, mask.width});
      }
      for (int64_t i = 0; i < count; ++i) {
        const auto& place = places[begin + i];
        sum_KHW.narrow(1, place.row, side_px)
            .narrow(2, place.col, side_px)
            .add_(probability_BKSS[i]);
      }
    }
    first += num_windows;
    const auto best = sum_KHW.argmax(0).to(at::kByte).contiguous();
    const uint8_t* begin = best.const_data_ptr<uint8_t>();
    predictions.emplace_back(begin, begin + best.numel());
  }
  return predictions;
}

std::vector<Confusion> score_images(
    const SegmentHead& head, const TokenSet& set, int64_t side_px) {
  const auto predictions = predict_images(head, set, side_px);
  const auto num_classes = head.layers.back().size(0);
  std::vector<Confusion> scores;
  for (size_t n = 0; n < predictions.size(); ++n) {
    scores.emplace_back(num_classes);
    scores.back().add(set.masks[n].classes, predictions[n]);
  }
  return scores;
}

}  // namespace nadir::eval
