// Student, teacher, loss and optimiser, and one exact step of all of them.
// Caron et al. 2021, arXiv:2104.14294, algorithm 1; docs/dino.md.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "checkpoint/safetensors.h"
#include "distributed/communicator.h"
#include "distributed/gradient_buckets.h"
#include "model/precision.h"
#include "optim/gradients.h"
#include "optim/optimizer.h"
#include "ssl/dino_loss.h"
#include "ssl/dino_statistics.h"
#include "ssl/ema_teacher.h"
#include "ssl/multi_crop_network.h"
#include "train/pretrain_config.h"
#include "train/schedules.h"

namespace nadir::train {

// One rank's share of a forward pass of views, on the CPU or the device.
struct MicroBatch {
  std::vector<at::Tensor> groups;  // as MultiCropNetwork::forward() takes them
  int64_t num_images = 0;
};

// The next micro-batch of a step; called `accumulate` times.
using NextMicroBatch = std::function<MicroBatch()>;

struct StepResult {
  double loss = 0;
  bool is_finite = true;  // else nothing was changed
  double forward_s = 0;   // both networks and the loss, of this rank
  double backward_s = 0;
  optim::GradientNorms gradients;
  // Below: only where statistics were asked for.
  bool has_statistics = false;
  ssl::DinoStatistics statistics;  // of all images of the step
  double feature_rank = 0;         // effective rank of the teacher's features
  double center_norm = 0;
  double teacher_distance = 0;  // relative, from the student
};

// Not thread-safe.
class DinoLearner {
 public:
  // A fresh student from (seed), its copy as teacher. The ranks of `group`
  // share each step. Throws Error{kInvalidArgument} on fields out of range.
  DinoLearner(
      const PretrainConfig& config,
      int64_t num_bands,
      at::Device device,
      std::shared_ptr<const distributed::Communicator> group =
          std::make_shared<distributed::Communicator>());

  // One optimiser step over config.optim.accumulate micro-batches of every
  // rank: equal to rounding to one large batch (but that use_bn_in_head goes
  // over one micro-batch of all ranks). The result is the same on all ranks. A
  // loss or gradient that is not finite leaves everything as it was, and so
  // does an error of `next`. Throws Error{kDistributed} where a peer is lost.
  StepResult step(
      int64_t step_index,
      const StepValues& values,
      bool with_statistics,
      const NextMicroBatch& next);

  // Replaces the backbone of student and teacher; names as the published
  // checkpoints'. Throws Error{kInvalidArgument} naming what does not fit.
  void load_backbone(const checkpoint::TensorMap& backbone);

  // All that a run needs to go on: student.*, teacher.*, dino_loss.center and
  // optimizer.*. The tensors are the learner's own.
  [[nodiscard]] checkpoint::TensorMap state() const;

  // Takes a copy. Throws Error{kCorruptData} naming a tensor that is missing,
  // unknown or of another shape; nothing is changed then.
  void load_state(const checkpoint::TensorMap& state);

  // Gives all ranks the first one's state.
  void share_state();

  // Throws Error{kDistributed} unless all ranks have the same parameters.
  void check_same_state() const;

  [[nodiscard]] const model::VisionTransformer& teacher_backbone() const {
    return teacher_.network().backbone();
  }

  [[nodiscard]] at::Device device() const { return device_; }

  // The student's, in the order of the forward pass; shared, not copied.
  [[nodiscard]] std::vector<at::Tensor> parameters() const {
    return student_->parameters();
  }

  // Trained and stored numbers: parameters of the student.
  [[nodiscard]] int64_t num_parameters() const;

 private:
  // Forward and backward of one micro-batch; adds to `result`, and where it
  // has statistics the teacher's features to `features`. After the last one of
  // the step the gradients are summed over the ranks.
  void accumulate(
      const MicroBatch& batch,
      const StepValues& values,
      const model::DropPathKey& drop_path,
      bool is_last,
      StepResult& result,
      std::vector<at::Tensor>& features);
  // Forward and backward of the student over some of a micro-batch's views;
  // `drop_path` knows the first one. Adds to `result` and `statistics`.
  void learn_views(
      const MicroBatch& views,
      int64_t num_views_in_all,
      const ssl::DinoTargets& targets,
      const model::DropPathKey& drop_path,
      StepResult& result,
      ssl::DinoStatistics* statistics);
  // Makes this rank's result that of all.
  void share_result(
      StepResult& result, const std::vector<at::Tensor>& features) const;
  // Student, teacher and centre by name, sharing their memory.
  [[nodiscard]] checkpoint::TensorMap network_state() const;

  PretrainConfig config_;
  at::Device device_;
  model::Precision precision_;
  std::shared_ptr<ssl::MultiCropNetwork> student_;
  ssl::EmaTeacher teacher_;
  ssl::DinoLoss loss_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::shared_ptr<const distributed::Communicator> group_;
  std::unique_ptr<distributed::GradientBuckets> buckets_;
};

}  // namespace nadir::train
