#include "eval/knn.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "kernels/gemm.h"
#include "kernels/greater.h"
#include "ops/chunks.h"

namespace nadir::eval {

namespace {

// Test images that a thread takes at a time: packed, they stay in its cache
// while all train images pass by,
constexpr int64_t kTestBlock = 384;
// in tiles of so many, which are read where they lie,
constexpr int64_t kTrainTile = 48;
// and so many between questions whether to go on.
constexpr int64_t kTrainBlock = kTrainTile * 256;
// Train images by which is guessed what a near one is.
constexpr int64_t kSample = 1024;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

struct Neighbour {
  float similarity;
  int32_t index;  // lists of many test images share a cache

  bool operator<(const Neighbour& other) const {
    return similarity > other.similarity ||
           (similarity == other.similarity && index < other.index);
  }
};

// The k nearest seen so far. Candidates gather in a buffer of 2 k and are
// thinned when it is full; `floor_` is then the k-th best, and most
// similarities cost one comparison.
class NearestList {
 public:
  // What is no greater than `floor` will not be offered.
  explicit NearestList(int64_t k, float floor = kNothing)
      : k_(k), floor_(floor) {
    candidates_.reserve(2 * k);
  }

  // What is no greater need not be offered.
  [[nodiscard]] float floor() const { return floor_; }

  [[nodiscard]] bool is_full() const {
    return static_cast<int64_t>(candidates_.size()) >= k_;
  }

  // Called with ascending indices, so that of equal ones the first stays.
  void offer(float similarity, int32_t index) {
    candidates_.push_back({similarity, index});
    if (static_cast<int64_t>(candidates_.size()) == 2 * k_) {
      thin();
    }
  }

  // Nearest first.
  std::vector<Neighbour> take() {
    std::sort(candidates_.begin(), candidates_.end());
    candidates_.resize(
        std::min<size_t>(candidates_.size(), static_cast<size_t>(k_)));
    return std::move(candidates_);
  }

 private:
  void thin() {
    const auto kth = candidates_.begin() + (k_ - 1);
    std::nth_element(candidates_.begin(), kth, candidates_.end());
    floor_ = kth->similarity;
    candidates_.resize(k_);
  }

  int64_t k_;
  float floor_;
  std::vector<Neighbour> candidates_;
};

// The place of the k-th nearest of all among a sample of them is at this one
// or before it, but for one in tens of thousands.
int64_t guessed_place(int64_t k, int64_t num_train) {
  const double expected =
      static_cast<double>(k) * kSample / static_cast<double>(num_train);
  return static_cast<int64_t>(
      std::ceil(expected + 4 * std::sqrt(expected) + 4));
}

// The nearest train images of a block of test images. The products' parts
// lie in `scratch`.
class NearestSearch {
 public:
  [[nodiscard]] static int64_t scratch_size(int64_t dim) {
    return kernels::gemm_packed_size(dim, kTestBlock) +
           kernels::gemm_scratch_size(dim) + kTrainTile * kTestBlock;
  }

  NearestSearch(const at::Tensor& block_MD, int64_t k, float* scratch)
      : k_(k),
        num_rows_(block_MD.size(0)),
        dim_(block_MD.size(1)),
        packed_(scratch),
        gemm_scratch_(packed_ + kernels::gemm_packed_size(dim_, kTestBlock)),
        similarity_(gemm_scratch_ + kernels::gemm_scratch_size(dim_)),
        lists_(num_rows_, NearestList(k)),
        floors_(num_rows_, kNothing),
        places_(num_rows_) {
    kernels::gemm_pack(
        {block_MD.const_data_ptr<float>(), dim_, true},
        dim_,
        num_rows_,
        packed_);
  }

  // Finds the nearest of all train images. A guess of how near they are, from a
  // sample, spares most of the lists' work; rows for which it was too high are
  // looked through again.
  void look_through(
      const at::Tensor& train_ND, const std::function<void()>& before_block) {
    guess_floors(train_ND);
    see_all(train_ND, before_block);
    if (drop_wrong_guesses()) {
      see_all(train_ND, before_block);
    }
  }

  // Of a test image of the block, nearest first.
  std::vector<Neighbour> take(int64_t row) { return lists_[row].take(); }

 private:
  void guess_floors(const at::Tensor& train_ND) {
    const int64_t num_train = train_ND.size(0);
    const int64_t place = guessed_place(k_, num_train);
    if (num_train < 4 * kSample || place > kSample / 2) {
      return;
    }
    std::vector<int64_t> sample(kSample);
    for (int64_t i = 0; i < kSample; ++i) {
      sample[i] = i * num_train / kSample;
    }
    lists_.assign(num_rows_, NearestList(place));
    const kernels::MatrixView train = {
        train_ND.const_data_ptr<float>(), dim_, false, sample.data()};
    see(train, 0, kSample);
    for (int64_t row = 0; row < num_rows_; ++row) {
      // The sampled image itself is not to be missed.
      floors_[row] =
          std::nextafter(lists_[row].take().back().similarity, kNothing);
      lists_[row] = NearestList(k_, floors_[row]);
    }
  }

  // Whether rows are to be looked through again.
  bool drop_wrong_guesses() {
    bool is_any = false;
    for (int64_t row = 0; row < num_rows_; ++row) {
      const bool is_right = lists_[row].is_full();
      if (!is_right) {
        lists_[row] = NearestList(k_);
      }
      floors_[row] = is_right ? -kNothing : kNothing;
      is_any = is_any || !is_right;
    }
    return is_any;
  }

  void see_all(
      const at::Tensor& train_ND, const std::function<void()>& before_block) {
    const int64_t num_train = train_ND.size(0);
    for (int64_t first = 0; first < num_train; first += kTrainBlock) {
      if (before_block) {
        before_block();
      }
      see({train_ND.const_data_ptr<float>(), dim_},
          first,
          std::min(kTrainBlock, num_train - first));
    }
  }

  // Train images first .. first + count - 1, in ascending order.
  void see(const kernels::MatrixView& train, int64_t first, int64_t count) {
    for (int64_t n = first; n < first + count; n += kTrainTile) {
      const int64_t tile = std::min(kTrainTile, first + count - n);
      kernels::gemm(
          {train.at(n, 0),
           tile,
           dim_,
           packed_,
           num_rows_,
           kernels::GemmInit::kReplace,
           nullptr,
           similarity_,
           num_rows_,
           gemm_scratch_});
      for (int64_t i = 0; i < tile; ++i) {
        offer(similarity_ + i * num_rows_, n + i);
      }
    }
  }

  // A train image's similarities to all rows; few are above their floor.
  void offer(const float* similarities, int64_t index) {
    const int64_t found = kernels::find_greater(
        similarities, floors_.data(), num_rows_, places_.data());
    for (int64_t i = 0; i < found; ++i) {
      const auto row = static_cast<size_t>(places_[i]);
      lists_[row].offer(similarities[row], static_cast<int32_t>(index));
      floors_[row] = lists_[row].floor();
    }
  }

  int64_t k_;
  int64_t num_rows_;
  int64_t dim_;
  float* packed_;
  float* gemm_scratch_;
  float* similarity_;
  std::vector<NearestList> lists_;
  std::vector<float> floors_;  // of the lists
  std::vector<int32_t> places_;
};

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
    const std::vector<Neighbour>& nearest,
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
      const auto row = labels.row(nearest[used].index);
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

  const int64_t num_blocks = (num_test + kTestBlock - 1) / kTestBlock;
  const int64_t num_own =
      (num_blocks - group.rank() + group.world_size() - 1) / group.world_size();
  ops::for_each_item(
      num_own,
      NearestSearch::scratch_size(train.size(1)),
      [&](int64_t item, float* scratch) {
        const int64_t begin =
            (group.rank() + item * group.world_size()) * kTestBlock;
        const int64_t rows = std::min(kTestBlock, num_test - begin);
        NearestSearch search(test.narrow(0, begin, rows), largest_k, scratch);
        search.look_through(train, before_block);
        for (int64_t row = 0; row < rows; ++row) {
          vote(
              search.take(row),
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
