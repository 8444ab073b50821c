#include <functional>

#include <ATen/ATen.h>

#include "eval/head_stack.h"

namespace nadir::eval {
namespace {

// `step_` is minus the rate times SGD's momentum buffer, so that the update is
// one addition.
class TensorStack final : public HeadStack {
 public:
  explicit TensorStack(const HeadStackSetup& setup)
      : setup_(setup),
        num_rates_(static_cast<int64_t>(setup.rates.size())),
        num_classes_(setup.weight_CF.size(0)) {
    const auto options = setup.features_NF.options();
    weight_ = setup.weight_CF.to(options).repeat({num_rates_, 1});
    weight_step_ = at::zeros_like(weight_);
    bias_ = at::zeros({num_rates_ * num_classes_}, options);
    bias_step_ = at::zeros_like(bias_);
    rate_ = at::tensor(setup.rates).to(options).repeat_interleave(num_classes_);
    loss_ = at::zeros({num_rates_}, options);
  }

  void begin_epoch(double factor, bool keeps_loss) override {
    weight_step_.mul_(factor / factor_);
    bias_step_.mul_(factor / factor_);
    factor_ = factor;
    keeps_loss_ = keeps_loss;
    loss_.zero_();
  }

  void step(const EpochOrder& order, int64_t begin, int64_t batch) override {
    const auto input = setup_.features_NF.index_select(
        0, order.feature_rows.narrow(0, begin, batch));
    const auto truth =
        setup_.labels.index_select(0, order.label_rows.narrow(0, begin, batch))
            .unsqueeze(1);
    const auto logits = at::addmm(bias_, input, weight_.t())
                            .view({batch, num_rates_, num_classes_});
    at::Tensor gradient;
    double scale = 1.0 / static_cast<double>(batch);
    if (setup_.task == Task::kMultiLabel) {
      scale /= static_cast<double>(num_classes_);
      gradient = logits.sigmoid().sub_(truth);
      add_loss([&] {
        // log(1 + exp(x)) - x y, summed over images and classes.
        return (at::softplus(logits) - logits * truth).sum(at::IntArrayRef{0, 2}) * scale;
      });
    } else {
      const auto log_probability = logits.log_softmax(2);
      gradient = log_probability.exp().sub_(truth);
      add_loss([&] { return -(log_probability * truth).sum(at::IntArrayRef{0, 2}) * scale; });
    }
    const auto update = gradient.view({batch, num_rates_ * num_classes_})
                            .mul_(rate_ * (-scale * factor_));
    weight_step_.addmm_(update.t(), input, setup_.momentum);
    weight_.add_(weight_step_);
    bias_step_.mul_(setup_.momentum).add_(update.sum(0));
    bias_.add_(bias_step_);
  }

  [[nodiscard]] at::Tensor weight() const override { return weight_; }

  [[nodiscard]] at::Tensor bias() const override { return bias_; }

  [[nodiscard]] at::Tensor loss_sums() const override { return loss_; }

 private:
  void add_loss(const std::function<at::Tensor()>& loss) {
    if (keeps_loss_) {
      loss_.add_(loss());
    }
  }

  HeadStackSetup setup_;
  int64_t num_rates_;
  int64_t num_classes_;
  double factor_ = 1;
  bool keeps_loss_ = false;
  at::Tensor weight_;
  at::Tensor weight_step_;
  at::Tensor bias_;
  at::Tensor bias_step_;
  at::Tensor rate_;  // [L * C]
  at::Tensor loss_;
};

}  // namespace

std::unique_ptr<HeadStack> make_tensor_stack(const HeadStackSetup& setup) {
  return std::make_unique<TensorStack>(setup);
}

}  // namespace nadir::eval
