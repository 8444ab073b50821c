// Weights of a few heads lie as LibTorch keeps them: one rate's, mostly.
#include <algorithm>

#include <ATen/ATen.h>

#include "eval/cpu_stack.h"
#include "kernels/narrow_linear.h"

namespace nadir::eval {
namespace {

class NarrowStack final : public CpuStack {
 public:
  explicit NarrowStack(const HeadStackSetup& setup)
      : CpuStack(setup, num_heads_of(setup)),
        weight_NF_(first_weight()),
        step_NF_(at::zeros_like(weight_NF_)) {}

  [[nodiscard]] at::Tensor weight() const override {
    return weight_NF_.clone();
  }

 private:
  void scale_steps(float factor) override { step_NF_.mul_(factor); }

  void resize_gradients(int64_t batch) override {
    gradient_BN_.resize(static_cast<size_t>(batch * num_heads()));
  }

  [[nodiscard]] int64_t logits_scratch(int64_t /*num_rows*/) const override {
    return 0;
  }

  [[nodiscard]] int64_t moving_scratch(int64_t /*batch*/) const override {
    return 0;
  }

  // Where they are kept.
  float* compute_logits(
      const BatchRows& rows,
      Range range,
      const float* biases,
      float* /*scratch*/) override {
    float* const logits = gradient_BN_.data() + range.begin * num_heads();
    kernels::narrow_linear(
        {picked_rows(rows.features + range.begin),
         range.end - range.begin,
         num_columns(),
         num_heads(),
         weight_NF_.const_data_ptr<float>(),
         biases},
        logits);
    return logits;
  }

  void keep_gradients(Range /*range*/, const float* /*rows*/) override {}

  void add_up_gradients(int64_t batch, float* sums) const override {
    for (int64_t i = 0; i < batch; ++i) {
      const float* const row = gradient_BN_.data() + i * num_heads();
      for (int64_t head = 0; head < num_heads(); ++head) {
        sums[head] += row[head];
      }
    }
  }

  void move_weights(
      const BatchRows& rows,
      int64_t batch,
      Range range,
      float* /*scratch*/) override {
    auto features = picked_rows(rows.features);
    features.picked_next = rows.next_features;
    kernels::narrow_descend(
        {features,
         gradient_BN_.data(),
         batch,
         num_columns(),
         num_heads(),
         momentum(),
         step_NF_.data_ptr<float>(),
         weight_NF_.data_ptr<float>()},
        range.begin,
        range.end - range.begin);
  }

  at::Tensor weight_NF_;
  at::Tensor step_NF_;
  std::vector<float> gradient_BN_;
};

}  // namespace

std::unique_ptr<HeadStack> make_narrow_stack(const HeadStackSetup& setup) {
  return std::make_unique<NarrowStack>(setup);
}

}  // namespace nadir::eval
