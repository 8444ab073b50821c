// Linear probes and k-NN on features that are numbers drawn at random.
#include <ATen/ATen.h>

#include "bench/cases.h"
#include "bench/timing.h"
#include "core/random.h"
#include "core/signals.h"
#include "eval/knn.h"
#include "eval/linear_probe.h"

namespace nadir::bench {
namespace {

constexpr int64_t kTrainImages = 50'000;
constexpr int64_t kProbeWidth = 1536;
constexpr int64_t kClasses = 19;
constexpr int64_t kQueries = 10'000;
constexpr int64_t kKnnWidth = 384;
// Of the case of many rates: with 50, the table would take too long.
constexpr int64_t kEpochsOfRates = 10;

const std::vector<double>& thirteen_rates() {
  static const std::vector<double> rates = {
      1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
  return rates;
}

eval::LabelMatrix random_labels(int64_t num_images) {
  constexpr double kShareOfImages = 0.15;  // of BigEarthNet that have a class
  RandomStream random(
      0, StreamPurpose::kTest, static_cast<uint64_t>(num_images));
  eval::LabelMatrix labels{num_images, kClasses, {}};
  labels.values.resize(num_images * kClasses);
  for (auto& value : labels.values) {
    value = random.uniform() < kShareOfImages ? 1 : 0;
  }
  return labels;
}

// Passes over the features, with any number of learning rates.
class ProbeTraining {
 public:
  ProbeTraining()
      : data_{
            at::randn({kTrainImages, kProbeWidth}),
            random_labels(kTrainImages)} {
    for (int64_t c = 0; c < kClasses; ++c) {
      class_names_.push_back(fmt::format("class {}", c));
    }
  }

  void run(int64_t epochs, const std::vector<double>& rates) const {
    eval::LinearProbeConfig config;
    config.epochs = epochs;
    config.lr = rates;
    (void)eval::train_linear_heads(
        data_,
        class_names_,
        eval::Task::kMultiLabel,
        {{"features", 0, kProbeWidth}},
        config);
  }

 private:
  eval::ProbeData data_;
  std::vector<std::string> class_names_;
};

// Without the warm-up of time_repeats(), which would double a case of many
// seconds; one epoch warms up as well.
Times time_training(
    const ProbeTraining& training,
    int64_t epochs,
    const std::vector<double>& rates) {
  training.run(1, rates);
  return time_once([&] { training.run(epochs, rates); });
}

Measured time_probe(const CaseContext& /*context*/) {
  constexpr int64_t kEpochs = 50;
  const ProbeTraining training;
  Measured measured;
  measured.times = time_training(training, kEpochs, {0.1});
  measured.num_items = kTrainImages * kEpochs;
  // Each row is read where it lies and written into a batch, which the
  // caches then hold.
  measured.work = 2e-9 * 4 * kTrainImages * kProbeWidth * kEpochs;
  measured.note = fmt::format("{:.2f} s", measured.times.wall_s.front());
  return measured;
}

Measured time_probe_rates(const CaseContext& /*context*/) {
  const ProbeTraining training;
  const auto one = time_training(training, kEpochsOfRates, {0.1});
  const auto& rates = thirteen_rates();
  Measured measured;
  measured.times = time_training(training, kEpochsOfRates, rates);
  measured.num_items = kTrainImages * kEpochsOfRates;
  // Forward and the weights' gradient, of all heads.
  measured.work = 4e-9 * kTrainImages * kProbeWidth * kClasses *
                  static_cast<double>(rates.size()) * kEpochsOfRates;
  measured.note = fmt::format(
      "{:.2f} times the time of one rate",
      measured.times.wall_s.front() / one.wall_s.front());
  return measured;
}

Measured time_knn(const CaseContext& /*context*/) {
  const auto train = at::randn({kTrainImages, kKnnWidth});
  const auto test = at::randn({kQueries, kKnnWidth});
  const auto train_labels = random_labels(kTrainImages);
  const auto test_labels = random_labels(kQueries);
  Measured measured;
  measured.times = time_repeats(1, [&] {
    (void)eval::knn_votes(
        train,
        train_labels,
        test,
        test_labels,
        eval::KnnConfig(),
        distributed::Communicator(),
        [] { stop_if_told(kRatesSoFar); });
  });
  measured.num_items = kQueries;
  measured.work = 2e-9 * kQueries * kTrainImages * kKnnWidth;
  measured.note = fmt::format("{:.2f} s", measured.times.wall_s.front());
  return measured;
}

}  // namespace

std::vector<Case> evaluation_cases() {
  return {
      {"probe",
       "linear probe, 50 epochs of 50,000 x 1,536 features, 19 labels",
       "rows/s",
       Limit::kMemory,
       time_probe},
      {"probe_rates",
       fmt::format(
           "linear probe at 13 learning rates at once, {} epochs of the same",
           kEpochsOfRates),
       "rows/s",
       Limit::kProducts,
       time_probe_rates},
      {"knn",
       "weighted k-NN, 10,000 queries on 50,000 x 384, k up to 200",
       "queries/s",
       Limit::kProducts,
       time_knn}};
}

}  // namespace nadir::bench
