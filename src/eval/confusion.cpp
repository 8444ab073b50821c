#include "eval/confusion.h"

#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/parallel.h"
#include "core/signals.h"
#include "eval/resample.h"

namespace nadir::eval {

namespace {

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole)
                   : 0.0;
}

}  // namespace

void Confusion::add(
    std::span<const uint8_t> truth, std::span<const uint8_t> predicted) {
  NADIR_CHECK(
      truth.size() == predicted.size(),
      "truth and prediction must have as many pixels, got {} and {}",
      truth.size(),
      predicted.size());
  for (size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == kIgnoredPixel) {
      continue;
    }
    NADIR_CHECK(
        truth[i] < num_classes_ && predicted[i] < num_classes_,
        "classes of pixels must lie in 0 .. {}, got {} taken for {}",
        num_classes_ - 1,
        truth[i],
        predicted[i]);
    ++counts_[truth[i] * num_classes_ + predicted[i]];
  }
}

void Confusion::add(const Confusion& other, int64_t times) {
  NADIR_ASSERT(other.num_classes_ == num_classes_);
  for (size_t i = 0; i < counts_.size(); ++i) {
    counts_[i] += times * other.counts_[i];
  }
}

int64_t Confusion::support(int64_t index) const {
  const auto row = counts_.begin() + index * num_classes_;
  return std::accumulate(row, row + num_classes_, int64_t{0});
}

int64_t Confusion::num_predicted(int64_t index) const {
  int64_t sum = 0;
  for (int64_t truth = 0; truth < num_classes_; ++truth) {
    sum += at(truth, index);
  }
  return sum;
}

int64_t Confusion::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

std::optional<double> Confusion::iou(int64_t index) const {
  const int64_t positives = support(index);
  if (positives == 0) {
    return std::nullopt;
  }
  return share(
      at(index, index), positives + num_predicted(index) - at(index, index));
}

std::optional<double> Confusion::mean_iou() const {
  double sum = 0;
  int64_t count = 0;
  for (int64_t c = 0; c < num_classes_; ++c) {
    if (const auto value = iou(c)) {
      sum += *value;
      ++count;
    }
  }
  return count > 0 ? std::optional(sum / static_cast<double>(count))
                   : std::nullopt;
}

std::optional<double> Confusion::accuracy() const {
  int64_t hits = 0;
  for (int64_t c = 0; c < num_classes_; ++c) {
    hits += at(c, c);
  }
  const int64_t all = total();
  return all > 0 ? std::optional(share(hits, all)) : std::nullopt;
}

double Confusion::precision(int64_t index) const {
  return share(at(index, index), num_predicted(index));
}

double Confusion::recall(int64_t index) const {
  return share(at(index, index), support(index));
}

Confusion sum_of(std::span<const Confusion> images) {
  NADIR_ASSERT(!images.empty());
  Confusion sum(images[0].num_classes());
  for (const auto& image : images) {
    sum.add(image);
  }
  return sum;
}

ConfusionIntervals bootstrap_confusion(
    std::span<const Confusion> images,
    int64_t num_resamples,
    double confidence,
    uint64_t seed) {
  NADIR_CHECK(
      num_resamples >= 0, "bootstrap must be >= 0, got {}", num_resamples);
  if (num_resamples == 0 || images.empty()) {
    return {};
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto num_images = static_cast<int64_t>(images.size());
  std::vector<double> mean_iou(num_resamples);
  std::vector<double> accuracy(num_resamples);
  parallel_for(num_resamples, 1, 0, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      stop_if_told("scores made so far");
      const auto counts = draw_counts(num_images, seed, i);
      Confusion sum(images[0].num_classes());
      for (int64_t n = 0; n < num_images; ++n) {
        if (counts[n] > 0) {
          sum.add(images[n], counts[n]);
        }
      }
      mean_iou[i] = sum.mean_iou().value_or(kNone);
      accuracy[i] = sum.accuracy().value_or(kNone);
    }
  });
  return {
      percentile_interval(std::move(mean_iou), confidence),
      percentile_interval(std::move(accuracy), confidence)};
}

}  // namespace nadir::eval
