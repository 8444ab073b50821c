// Bootstrap intervals of metrics.h. Scores are sorted once; a resample is then
// a count for each image, and its AP one walk along the sorted order.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/signals.h"
#include "eval/metrics.h"
#include "eval/resample.h"

namespace nadir::eval {

namespace {

// One (image, class) pair in order of score; `ends_tie` marks the last of
// equal scores.
struct RankedPair {
  int32_t image;
  uint8_t label;
  bool ends_tie;
};

using Ranking = std::vector<RankedPair>;

Ranking rank(
    std::span<const double> scores,
    std::span<const uint8_t> labels,
    int64_t num_columns) {
  std::vector<int64_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<int64_t>(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return scores[a] > scores[b];
  });
  Ranking ranking(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    ranking[i] = {
        static_cast<int32_t>(order[i] / num_columns),
        labels[order[i]],
        i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]]};
  }
  return ranking;
}

// AP where image n counts `counts[n]` times; NaN without positives.
double weighted_average_precision(
    const Ranking& ranking, const std::vector<int32_t>& counts) {
  double sum = 0;
  int64_t seen = 0;
  int64_t hits = 0;
  int64_t previous_hits = 0;
  for (const RankedPair& pair : ranking) {
    const int32_t count = counts[pair.image];
    seen += count;
    hits += pair.label != 0 ? count : 0;
    if (pair.ends_tie && hits > previous_hits) {
      sum += static_cast<double>(hits - previous_hits) *
             static_cast<double>(hits) / static_cast<double>(seen);
      previous_hits = hits;
    }
  }
  return hits > 0 ? sum / static_cast<double>(hits)
                  : std::numeric_limits<double>::quiet_NaN();
}

// The value at `share` of the sorted values, linear between neighbours as
// numpy.percentile.
double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(
      sorted[below], sorted[above], position - static_cast<double>(below));
}

void check_bootstrap(
    const ScoredLabels& scored, int64_t num_resamples, double confidence) {
  NADIR_CHECK(
      num_resamples >= 0, "bootstrap must be >= 0, got {}", num_resamples);
  NADIR_CHECK(
      confidence > 0 && confidence < 1,
      "confidence must lie between 0 and 1, got {}",
      confidence);
  NADIR_CHECK(
      scored.num_images <= std::numeric_limits<int32_t>::max(),
      "bootstrap takes at most 2^31 - 1 images, got {}",
      scored.num_images);
}

}  // namespace

std::vector<int32_t> draw_counts(
    int64_t num_images, uint64_t seed, int64_t resample) {
  RandomStream random(
      seed, StreamPurpose::kProbe, static_cast<uint64_t>(resample), 0, 1);
  std::vector<int32_t> counts(num_images, 0);
  for (int64_t n = 0; n < num_images; ++n) {
    ++counts[random.uniform_int(static_cast<uint64_t>(num_images))];
  }
  return counts;
}

std::optional<Interval> percentile_interval(
    std::vector<double> values, double confidence) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) {
    return std::nullopt;
  }
  std::sort(values.begin(), values.end());
  const double tail = (1 - confidence) / 2;
  return Interval{quantile(values, tail), quantile(values, 1 - tail)};
}

AveragePrecisionInterval bootstrap_average_precision(
    const ScoredLabels& scored,
    int64_t num_resamples,
    double confidence,
    uint64_t seed) {
  check_bootstrap(scored, num_resamples, confidence);
  if (num_resamples == 0 || scored.num_images == 0) {
    return {};
  }
  std::vector<Ranking> rankings;
  for (int64_t c = 0; c < scored.num_classes; ++c) {
    rankings.push_back(rank(scored.class_scores(c), scored.class_labels(c), 1));
  }
  const Ranking flat = rank(scored.scores, scored.labels, scored.num_classes);
  std::vector<double> macro(num_resamples);
  std::vector<double> micro(num_resamples);
  parallel_for(num_resamples, 1, 0, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      stop_if_told("scores made so far");
      const auto counts = draw_counts(scored.num_images, seed, i);
      double sum = 0;
      int64_t num_present = 0;
      for (const Ranking& ranking : rankings) {
        const double ap = weighted_average_precision(ranking, counts);
        if (!std::isnan(ap)) {
          sum += ap;
          ++num_present;
        }
      }
      macro[i] = num_present > 0 ? sum / static_cast<double>(num_present)
                                 : std::numeric_limits<double>::quiet_NaN();
      micro[i] = weighted_average_precision(flat, counts);
    }
  });
  return {
      percentile_interval(std::move(macro), confidence),
      percentile_interval(std::move(micro), confidence)};
}

std::optional<Interval> bootstrap_accuracy(
    const ScoredLabels& scored,
    int64_t num_resamples,
    double confidence,
    uint64_t seed) {
  check_bootstrap(scored, num_resamples, confidence);
  if (num_resamples == 0 || scored.num_images == 0) {
    return std::nullopt;
  }
  std::vector<uint8_t> is_hit(scored.num_images);
  for (int64_t n = 0; n < scored.num_images; ++n) {
    const auto row = scored.scores.begin() + n * scored.num_classes;
    const auto best = std::max_element(row, row + scored.num_classes) - row;
    is_hit[n] = scored.labels[n * scored.num_classes + best];
  }
  std::vector<double> accuracy(num_resamples);
  parallel_for(num_resamples, 1, 0, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      stop_if_told("scores made so far");
      const auto counts = draw_counts(scored.num_images, seed, i);
      int64_t hits = 0;
      for (int64_t n = 0; n < scored.num_images; ++n) {
        hits += is_hit[n] != 0 ? counts[n] : 0;
      }
      accuracy[i] =
          static_cast<double>(hits) / static_cast<double>(scored.num_images);
    }
  });
  return percentile_interval(std::move(accuracy), confidence);
}

}  // namespace nadir::eval
