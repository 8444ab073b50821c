// What tells a healthy run from a collapsing one: entropies of teacher and
// student, and how many prototypes are in use. All entropies are in nats.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include <ATen/core/Tensor.h>

namespace nadir::ssl {

// Of one micro-batch, filled by DinoLoss. Means of equal parts of a batch
// average to those of the batch.
struct DinoStatistics {
  double loss = 0;
  double teacher_entropy = 0;  // H(q), mean over teacher views and images
  double student_entropy = 0;  // H(p), mean over student views and images
  double kl = 0;               // mean KL(q | p) over view pairs: loss - H(q)
  at::Tensor mean_target_K;    // mean of q, float64
  std::vector<int64_t> prototypes;  // arg-max of q for each view and image

  // The entropy of the mean q: near ln K while many prototypes share the
  // images.
  [[nodiscard]] double batch_entropy() const;
};

// The share of prototypes that were an arg-max among the last teacher views.
class PrototypeUsage {
 public:
  // Remembers the last `window` arg-maxima of `num_prototypes` prototypes.
  PrototypeUsage(int64_t num_prototypes, int64_t window);

  void add(const std::vector<int64_t>& prototypes);

  // Distinct prototypes seen over the most that could have been seen,
  // min(K, arg-maxima remembered); 0 before the first.
  [[nodiscard]] double share() const;

  // Distinct prototypes seen.
  [[nodiscard]] int64_t num_used() const;

 private:
  int64_t num_prototypes_;
  int64_t window_;
  std::deque<int64_t> recent_;
  std::unordered_map<int64_t, int64_t> counts_;
};

}  // namespace nadir::ssl
