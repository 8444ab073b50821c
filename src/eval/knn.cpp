#include "eval/knn.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "ops/chunks.h"
#include "search/nearest_of_many.h"

namespace nadir::eval {

namespace {

// Test images that a thread takes at a time.
constexpr int64_t kTestBlock = 384;

at::Tensor normalized(const at::Tensor& features, const char* name) {
  NADIR_CHECK(
      features.dim() == 2 && features.scalar_type() == at::kFloat,
      "{} features must be a float32 matrix, got {} dimensions",
      name,
      features.dim());
  auto norm = features.norm(2, {1}, true).clamp_min(1e-12);
  NADIR_CHECK(
      norm.isfinite().all().item<bool>(),
      "{} features hold NaN or infinite values: the weights are damaged or "
      "the normalisation is wrong",
      name);
  return (features / norm).contiguous();
}

search::Vectors vectors_of(const at::Tensor& features_ND) {
  return {
      features_ND.const_data_ptr<float>(),
      features_ND.size(0),
      features_ND.size(1)};
}

std::vector<int64_t> clipped_neighbours(
    const std::vector<double>& neighbours, int64_t num_train) {
  std::vector<int64_t> ks;
  for (const double k : neighbours) {
    ks.push_back(std::min(static_cast<int64_t>(k), num_train));
  }
  std::sort(ks.begin(), ks.end());
  ks.erase(std::unique(ks.begin(), ks.end()), ks.end());
  return ks;
}

// Running sums over the neighbours, nearest first; a row of scores for each k.
void vote(
    const search::Neighbours& nearest,
    const LabelMatrix& labels,
    double temperature,
    int64_t image,
    std::vector<KnnVotes>& votes) {
  std::vector<double> sums(labels.num_classes, 0);
  double total = 0;
  size_t used = 0;
  for (KnnVotes& vote : votes) {
    for (; used < static_cast<size_t>(vote.num_neighbours); ++used) {
      const double weight = std::exp(nearest[used].similarity / temperature);
      const auto row = labels.row(nearest[used].row);
      for (int64_t c = 0; c < labels.num_classes; ++c) {
        sums[c] += row[c] != 0 ? weight : 0;
      }
      total += weight;
    }
    double* out = vote.scored.scores.data() + image * labels.num_classes;
    for (int64_t c = 0; c < labels.num_classes; ++c) {
      out[c] = sums[c] / total;
    }
  }
}

void check_labels(
    const at::Tensor& features, const LabelMatrix& labels, const char* name) {
  NADIR_CHECK(
      features.size(0) == labels.num_images,
      "{} features and labels must be as many, got {} and {}",
      name,
      features.size(0),
      labels.num_images);
}

}  // namespace

void check_config(const KnnConfig& config) {
  NADIR_CHECK(!config.neighbours.empty(), "k must name at least one number");
  for (const double k : config.neighbours) {
    NADIR_CHECK(
        k >= 1 && k == std::floor(k) && k < 1e9,
        "k must be whole and >= 1, got {}",
        k);
  }
  NADIR_CHECK(
      config.temperature > 0,
      "knn_temperature must be > 0, got {}",
      config.temperature);
}

std::vector<KnnVotes> knn_votes(
    const at::Tensor& train_ND,
    const LabelMatrix& train_labels,
    const at::Tensor& test_MD,
    const LabelMatrix& test_labels,
    const KnnConfig& config,
    const distributed::Communicator& group,
    const std::function<void()>& before_block) {
  const at::NoGradGuard no_grad;
  const auto train = normalized(train_ND, "train");
  const auto test = normalized(test_MD, "test");
  check_labels(train, train_labels, "train");
  check_labels(test, test_labels, "test");
  const int64_t num_train = train.size(0);
  const int64_t num_test = test.size(0);
  NADIR_CHECK(
      num_train > 0 && num_train <= std::numeric_limits<int32_t>::max(),
      "k-NN needs train images, at most 2^31 - 1, got {}",
      num_train);
  NADIR_CHECK(
      train.size(1) == test.size(1) &&
          train_labels.num_classes == test_labels.num_classes,
      "train and test must agree in feature width and classes, got {} and {}, "
      "{} and {}",
      train.size(1),
      test.size(1),
      train_labels.num_classes,
      test_labels.num_classes);
  check_config(config);

  std::vector<KnnVotes> votes;
  for (const int64_t k : clipped_neighbours(config.neighbours, num_train)) {
    votes.push_back(
        {k,
         {num_test,
          test_labels.num_classes,
          std::vector<double>(num_test * test_labels.num_classes),
          test_labels.values}});
  }
  const int64_t largest_k = votes.back().num_neighbours;

  const int64_t num_blocks = ceil_div(num_test, kTestBlock);
  const int64_t num_own =
      ceil_div(num_blocks - group.rank(), group.world_size());
  const search::NearestOfMany images(vectors_of(train), at::get_num_threads());
  ops::for_each_item(num_own, 0, [&](int64_t item, float* /*scratch*/) {
    const int64_t begin =
        (group.rank() + item * group.world_size()) * kTestBlock;
    const int64_t rows = std::min(kTestBlock, num_test - begin);
    const auto nearest = images.find(
        vectors_of(test.narrow(0, begin, rows)), largest_k, before_block);
    for (int64_t row = 0; row < rows; ++row) {
      vote(
          nearest[static_cast<size_t>(row)],
          train_labels,
          config.temperature,
          begin + row,
          votes);
    }
  });
  for (auto& vote : votes) {  // zeros where another rank voted
    auto& scores = vote.scored.scores;
    group.sum(at::from_blob(
        scores.data(), {static_cast<int64_t>(scores.size())}, at::kDouble));
  }
  return votes;
}

}  // namespace nadir::eval
