// The DINO self-distillation loss and the running centre that keeps the
// teacher from collapsing. Caron et al. 2021, arXiv:2104.14294, algorithm 1.
// Shapes: V student views, G teacher (global) views, B images, K prototypes.
#pragma once

#include "distributed/communicator.h"
#include "model/module.h"
#include "ssl/dino_loss_config.h"
#include "ssl/dino_statistics.h"

namespace nadir::ssl {

// Not thread-safe.
class DinoLoss : public model::Module {
 public:
  // The centre is 0 at first. Throws Error{kInvalidArgument} if a field is out
  // of range.
  DinoLoss(int64_t num_prototypes, const DinoLossConfig& config);

  // Cross-entropy in nats, a float32 scalar, averaged over the view pairs
  // g != v; student view i < G is the same crop as teacher view i. Logits of
  // any floating type are taken to float32. Only `student_VBK` gets a
  // gradient, which is computed here and kept until backward: one float32
  // tensor of that shape. Fills `statistics` if given, for about half as much
  // time again. Throws Error{kInvalidArgument} unless V >= G, V >= 2 and B, K
  // agree.
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
