#include "ssl/dino_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"

namespace nadir::ssl {
namespace {

// The mean over pairs and its gradient in one pass over the student's logits,
// view by view, so that what a view needs stays in cache: autograd would keep
// several tensors of the logits' size and go over each again.
//
// With T_v the sum of the targets q_g, g != v, and n_v their number:
//   loss = -1 / (pairs B) sum_v,b <T_vb, log p_vb>
//   d loss / d s_vb = (n_v p_vb - T_vb) / (temp pairs B)
class PairwiseCrossEntropy {
 public:
  PairwiseCrossEntropy(const DinoTargets& targets, double student_temp)
      : targets_GBK_(targets.prob_GBK),
        total_BK_(targets.total_BK),
        student_temp_(student_temp) {}

  // Returns the views' share of the loss, a float32 scalar; fills `grad_VBK`
  // and `student_entropy`, a share as well, where given.
  at::Tensor run(
      const StudentViews& student,
      at::Tensor* grad_VBK,
      double* student_entropy) const {
    const int64_t num_teacher = targets_GBK_.size(0);
    const auto num_images = static_cast<double>(targets_GBK_.size(1));
    const auto num_views = static_cast<double>(student.num_views);
    const double num_pairs = static_cast<double>(num_teacher) * (num_views - 1);
    const double grad_scale = 1 / (student_temp_ * num_pairs * num_images);
    auto scratch_BK = at::empty_like(total_BK_);
    auto log_prob_BK = at::empty_like(total_BK_);
    auto sum = at::zeros({}, total_BK_.options().dtype(at::kDouble));
    auto entropy_sum = at::zeros_like(sum);
    for (int64_t i = 0; i < student.logits_VBK.size(0); ++i) {
      const int64_t view = student.first_view + i;
      const auto target_BK = target_of(view);
      at::mul_out(
          scratch_BK,
          student.logits_VBK[i].to(at::kFloat),
          at::scalar_tensor(1 / student_temp_));
      at::_log_softmax_out(log_prob_BK, scratch_BK, -1, false);
      at::mul_out(scratch_BK, target_BK, log_prob_BK);
      sum -= scratch_BK.sum(-1).sum(at::kDouble);
      if (grad_VBK != nullptr) {
        const auto num_targets = static_cast<double>(
            view < num_teacher ? num_teacher - 1 : num_teacher);
        auto grad_BK = (*grad_VBK)[i];
        at::exp_out(grad_BK, log_prob_BK);
        grad_BK.mul_(num_targets * grad_scale).sub_(target_BK, grad_scale);
      }
      if (student_entropy != nullptr) {
        at::exp_out(scratch_BK, log_prob_BK);
        entropy_sum -= scratch_BK.mul_(log_prob_BK).sum(-1).sum(at::kDouble);
      }
    }
    if (student_entropy != nullptr) {
      *student_entropy = entropy_sum.item<double>() / (num_views * num_images);
    }
    return (sum / (num_pairs * num_images)).to(at::kFloat);
  }

 private:
  // T_v: all targets for a local view, all but its own for a global one.
  at::Tensor target_of(int64_t view) const {
    const int64_t num_teacher = targets_GBK_.size(0);
    if (view >= num_teacher) {
      return total_BK_;
    }
    if (num_teacher == 2) {
      return targets_GBK_[1 - view];
    }
    return total_BK_ - targets_GBK_[view];
  }

  at::Tensor targets_GBK_;
  at::Tensor total_BK_;
  double student_temp_;
};

// Hands the gradient that forward has computed to autograd.
class PrecomputedGradient
    : public torch::autograd::Function<PrecomputedGradient> {
 public:
  static at::Tensor forward(
      torch::autograd::AutogradContext* context,
      const at::Tensor& student_VBK,
      const at::Tensor& loss,
      const at::Tensor& grad_VBK) {
    context->save_for_backward({grad_VBK});
    context->saved_data["dtype"] = student_VBK.scalar_type();
    return loss.clone();
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list grad_outputs) {
    const auto grad_VBK = context->get_saved_variables()[0];
    return {
        (grad_VBK * grad_outputs[0])
            .to(context->saved_data["dtype"].toScalarType()),
        at::Tensor(),
        at::Tensor()};
  }
};

void fill_teacher_statistics(
    const at::Tensor& targets_GBK, DinoStatistics& statistics) {
  statistics = {};
  const auto num_rows =
      static_cast<double>(targets_GBK.size(0) * targets_GBK.size(1));
  statistics.teacher_entropy = -at::xlogy(targets_GBK, targets_GBK)
                                    .sum(-1)
                                    .sum(at::kDouble)
                                    .item<double>() /
                               num_rows;
  statistics.kl = -statistics.teacher_entropy;  // shares of the loss follow
  statistics.mean_target_K =
      targets_GBK.mean(at::IntArrayRef{0, 1}, false, at::kDouble);
  const auto prototypes =
      targets_GBK.argmax(-1).flatten().to(at::kCPU).contiguous();
  const int64_t* const data = prototypes.const_data_ptr<int64_t>();
  statistics.prototypes.assign(data, data + prototypes.numel());
}

}  // namespace

DinoLoss::DinoLoss(int64_t num_prototypes, const DinoLossConfig& config)
    : config_(config) {
  NADIR_CHECK(
      config.student_temp > 0,
      "student_temp must be > 0, got {}",
      config.student_temp);
  NADIR_CHECK(
      config.center_momentum >= 0 && config.center_momentum < 1,
      "center_momentum must be in [0, 1), got {}",
      config.center_momentum);
  NADIR_CHECK(
      num_prototypes > 0, "out_dim must be > 0, got {}", num_prototypes);
  center_1K_ =
      register_buffer("center", at::zeros({1, num_prototypes}, at::kFloat));
}

DinoTargets DinoLoss::targets(
    const at::Tensor& teacher_GBK,
    double teacher_temp,
    DinoStatistics* statistics) const {
  NADIR_CHECK(
      teacher_temp > 0, "teacher_temp must be > 0, got {}", teacher_temp);
  NADIR_CHECK(
      teacher_GBK.dim() == 3 && teacher_GBK.size(2) == center_1K_.size(1),
      "teacher logits [.., .., {}] and a centre of {} prototypes do not go "
      "together",
      teacher_GBK.size(-1),
      center_1K_.size(1));
  const at::NoGradGuard no_grad;
  DinoTargets targets;
  targets.prob_GBK = at::softmax(
      (teacher_GBK.to(at::kFloat) - center_1K_).div_(teacher_temp), -1);
  targets.total_BK = targets.prob_GBK.sum(0);
  if (statistics != nullptr) {
    fill_teacher_statistics(targets.prob_GBK, *statistics);
  }
  return targets;
}

at::Tensor DinoLoss::forward(
    const StudentViews& student,
    const DinoTargets& targets,
    DinoStatistics* statistics) const {
  const at::Tensor& logits_VBK = student.logits_VBK;
  NADIR_CHECK(
      student.num_views >= targets.prob_GBK.size(0) && student.num_views >= 2,
      "need at least two student views, and as many as the teacher's, got {} "
      "and {}",
      student.num_views,
      targets.prob_GBK.size(0));
  NADIR_CHECK(
      logits_VBK.dim() == 3 &&
          logits_VBK.sizes().slice(1) == targets.total_BK.sizes(),
      "student logits {} and targets of {} images and {} prototypes do not go "
      "together",
      fmt::format("[{}]", fmt::join(logits_VBK.sizes().vec(), ", ")),
      targets.total_BK.size(0),
      targets.total_BK.size(1));
  NADIR_CHECK(
      student.first_view >= 0 &&
          student.first_view + logits_VBK.size(0) <= student.num_views,
      "views {} to {} are not among {} student views",
      student.first_view,
      student.first_view + logits_VBK.size(0) - 1,
      student.num_views);

  const bool needs_grad =
      logits_VBK.requires_grad() && at::GradMode::is_enabled();
  at::Tensor loss;
  at::Tensor grad_VBK;
  {
    const at::NoGradGuard no_grad;
    if (needs_grad) {
      grad_VBK = at::empty_like(
          logits_VBK,
          logits_VBK.options().dtype(at::kFloat),
          at::MemoryFormat::Contiguous);
    }
    double student_entropy = 0;
    loss = PairwiseCrossEntropy(targets, config_.student_temp)
               .run(
                   student,
                   needs_grad ? &grad_VBK : nullptr,
                   statistics != nullptr ? &student_entropy : nullptr);
    if (statistics != nullptr) {
      const auto share = loss.item<double>();
      statistics->loss += share;
      statistics->kl += share;
      statistics->student_entropy += student_entropy;
    }
  }
  return needs_grad ? PrecomputedGradient::apply(logits_VBK, loss, grad_VBK)
                    : loss;
}

at::Tensor DinoLoss::forward(
    const at::Tensor& student_VBK,
    const at::Tensor& teacher_GBK,
    double teacher_temp,
    DinoStatistics* statistics) const {
  return forward(
      {student_VBK, 0, student_VBK.size(0)},
      targets(teacher_GBK, teacher_temp, statistics),
      statistics);
}

void DinoLoss::accumulate_center(const at::Tensor& teacher_GBK) {
  const at::NoGradGuard no_grad;
  const auto sum_1K =
      teacher_GBK.to(at::kFloat).sum(at::IntArrayRef{0, 1}).unsqueeze(0);
  pending_sum_1K_ =
      pending_sum_1K_.defined() ? pending_sum_1K_.add_(sum_1K) : sum_1K;
  pending_rows_ += teacher_GBK.size(0) * teacher_GBK.size(1);
}

void DinoLoss::share_center_update(const distributed::Communicator& group) {
  if (pending_sum_1K_.defined()) {
    group.sum(pending_sum_1K_);
    pending_rows_ *= group.world_size();
  }
}

void DinoLoss::apply_center_update() {
  if (pending_rows_ == 0) {
    fail(
        ErrorCode::kInternal,
        "the centre has no teacher logits to move towards; call "
        "accumulate_center() for every micro-batch first");
  }
  const at::NoGradGuard no_grad;
  center_1K_.lerp_(
      pending_sum_1K_.div_(static_cast<double>(pending_rows_)),
      1 - config_.center_momentum);
  discard_center_update();
}

void DinoLoss::discard_center_update() noexcept {
  pending_sum_1K_.reset();
  pending_rows_ = 0;
}

}  // namespace nadir::ssl
