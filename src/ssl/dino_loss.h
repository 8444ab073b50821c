// The DINO self-distillation loss and the running centre that keeps the
// teacher from collapsing. Caron et al. 2021, arXiv:2104.14294, algorithm 1.
// Shapes: V student views, G teacher (global) views, B images, K prototypes.
#pragma once

#include "distributed/communicator.h"
#include "model/module.h"
#include "ssl/dino_loss_config.h"
#include "ssl/dino_statistics.h"

namespace nadir::ssl {

// What the student's views are to predict: the teacher's answer to a
// micro-batch, centred and sharpened.
struct DinoTargets {
  at::Tensor prob_GBK;  // float32
  at::Tensor total_BK;  // their sum over g
};

// Some neighbouring views of all that the student sees.
struct StudentViews {
  at::Tensor logits_VBK;
  int64_t first_view = 0;
  int64_t num_views = 0;  // of all
};

// Not thread-safe.
class DinoLoss : public model::Module {
 public:
  // The centre is 0 at first. Throws Error{kInvalidArgument} if a field is out
  // of range.
  DinoLoss(int64_t num_prototypes, const DinoLossConfig& config);

  // The targets of a micro-batch, from logits of any floating type. With
  // `statistics` given, what concerns the teacher is filled, the rest set to
  // nothing. Throws Error{kInvalidArgument} unless K is the centre's.
  [[nodiscard]] DinoTargets targets(
      const at::Tensor& teacher_GBK,
      double teacher_temp,
      DinoStatistics* statistics = nullptr) const;

  // Cross-entropy in nats, a float32 scalar, averaged over the view pairs
  // g != v; student view i < G is the same crop as teacher view i. Of a part of
  // the views it is that part's share: shares of all parts add up to the loss.
  // Logits of any floating type are taken to float32. They get a gradient,
  // which is computed here and kept until backward: one float32 tensor of their
  // shape. Adds to `statistics` if given, for about half as much time again.
  // Throws Error{kInvalidArgument} unless all views are at least G and at least
  // 2, the given ones are among them, and B and K agree.
  [[nodiscard]] at::Tensor forward(
      const StudentViews& student,
      const DinoTargets& targets,
      DinoStatistics* statistics = nullptr) const;

  // The same for all views at once; fills `statistics`.
  [[nodiscard]] at::Tensor forward(
      const at::Tensor& student_VBK,
      const at::Tensor& teacher_GBK,
      double teacher_temp,
      DinoStatistics* statistics = nullptr) const;

  // Notes a micro-batch's teacher logits for the next update of the centre.
  void accumulate_center(const at::Tensor& teacher_GBK);

  // Adds what the other ranks have noted, equally many logits each. Throws what
  // Communicator::sum() throws.
  void share_center_update(const distributed::Communicator& group);

  // Moves the centre towards the mean of all logits noted since the last
  // update: once per optimiser step, after its last forward(). Throws
  // Error{kInternal} if none were noted.
  void apply_center_update();

  // Forgets the logits noted since the last update: the step was skipped.
  void discard_center_update() noexcept;

  // [1, K]; moves in place.
  [[nodiscard]] const at::Tensor& center() const noexcept { return center_1K_; }

 private:
  DinoLossConfig config_;
  at::Tensor center_1K_;       // registered as "center": checkpointed
  at::Tensor pending_sum_1K_;  // undefined between updates
  int64_t pending_rows_ = 0;
};

}  // namespace nadir::ssl
