#include "eval/cpu_stack.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "core/ceil_div.h"
#include "kernels/sigmoid.h"
#include "ops/chunks.h"

namespace nadir::eval {
namespace {

// log(1 + e^x) - x y, summed.
double multi_label_loss(
    const float* logits, const float* truth, int64_t count) {
  double loss = 0;
  for (int64_t c = 0; c < count; ++c) {
    const float x = logits[c];
    loss +=
        std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x))) - x * truth[c];
  }
  return loss;
}

// Logits become minus the gradient by them of a loss that is weighed by
// `factor`; that loss is returned without it.
double descend_single_label(
    float* logits, const float* truth, int64_t count, float factor) {
  const float most = *std::max_element(logits, logits + count);
  double sum = 0;
  for (int64_t c = 0; c < count; ++c) {
    sum += std::exp(logits[c] - most);
  }
  const auto log_sum = static_cast<float>(std::log(sum));
  double loss = 0;
  for (int64_t c = 0; c < count; ++c) {
    const float log_probability = logits[c] - most - log_sum;
    loss -= log_probability * truth[c];
    logits[c] = factor * (truth[c] - std::exp(log_probability));
  }
  return loss;
}

}  // namespace

int64_t num_heads_of(const HeadStackSetup& setup) {
  return setup.weight_CF.size(0) * static_cast<int64_t>(setup.rates.size());
}

CpuStack::CpuStack(const HeadStackSetup& setup, int64_t stride)
    : setup_(setup),
      num_rates_(static_cast<int64_t>(setup.rates.size())),
      num_classes_(setup.weight_CF.size(0)),
      num_heads_(num_heads_of(setup)),
      num_columns_(setup.weight_CF.size(1)),
      stride_(stride),
      bias_(stride, 0),
      bias_step_(num_heads_, 0),
      loss_(num_rates_, 0) {}

void CpuStack::begin_epoch(double factor, bool keeps_loss) {
  const auto change = static_cast<float>(factor / factor_);
  scale_steps(change);
  for (float& value : bias_step_) {
    value *= change;
  }
  factor_ = factor;
  keeps_loss_ = keeps_loss;
  std::fill(loss_.begin(), loss_.end(), 0.0);
}

// Shares are as many as there are threads: who takes one hardly changes, and
// what he left in his cache serves. (LibTorch tells another number of threads
// to those of its own.)
void CpuStack::step(const EpochOrder& order, int64_t begin, int64_t batch) {
  if (batch != batch_) {
    batch_ = batch;
    resize_gradients(batch);
    row_losses_.resize(batch * num_rates_);
  }
  const int64_t num_shares = at::get_num_threads();
  const auto share_of = [&](int64_t item, int64_t count) {
    const int64_t size = ceil_div(count, num_shares);
    return Range{
        std::min(count, item * size), std::min(count, (item + 1) * size)};
  };
  const auto* const feature_rows =
      order.feature_rows.const_data_ptr<int64_t>() + begin;
  const auto* const label_rows =
      order.label_rows.const_data_ptr<int64_t>() + begin;
  const bool has_next = order.feature_rows.size(0) - begin >= 2 * batch;
  const BatchRows rows{feature_rows, has_next ? feature_rows + batch : nullptr};
  ops::for_each_item(
      num_shares,
      logits_scratch(share_of(0, batch).end),
      [&](int64_t item, float* scratch) {
        look_at_rows(rows, label_rows, share_of(item, batch), scratch);
      });
  move_bias();
  const int64_t num_parts = ceil_div(num_columns_, kColumnsAtATime);
  ops::for_each_item(
      num_shares, moving_scratch(batch), [&](int64_t item, float* scratch) {
        const auto parts = share_of(item, num_parts);
        const Range columns{
            parts.begin * kColumnsAtATime,
            std::min(num_columns_, parts.end * kColumnsAtATime)};
        if (columns.begin < columns.end) {
          move_weights(rows, batch, columns, scratch);
        }
      });
  if (keeps_loss_) {
    for (int64_t i = 0; i < batch * num_rates_; ++i) {
      loss_[i % num_rates_] += row_losses_[i] * scale();
    }
  }
}

at::Tensor CpuStack::bias() const {
  return at::tensor(bias_).narrow(0, 0, num_heads_);
}

at::Tensor CpuStack::loss_sums() const {
  return at::tensor(loss_).to(at::kFloat);
}

kernels::MatrixView CpuStack::picked_rows(const int64_t* picked) const {
  return {
      setup_.features_NF.const_data_ptr<float>(),
      setup_.features_NF.stride(0),
      false,
      picked};
}

at::Tensor CpuStack::first_weight() const {
  return setup_.weight_CF.repeat({num_rates_, 1});
}

// Of the sum over a batch.
double CpuStack::scale() const {
  const auto num_terms =
      setup_.task == Task::kMultiLabel ? num_classes_ * batch_ : batch_;
  return 1.0 / static_cast<double>(num_terms);
}

void CpuStack::look_at_rows(
    const BatchRows& rows,
    const int64_t* label_rows,
    Range range,
    float* scratch) {
  if (range.begin >= range.end) {
    return;
  }
  float* const logits = compute_logits(rows, range, bias_.data(), scratch);
  const float* const labels = setup_.labels.const_data_ptr<float>();
  for (int64_t i = range.begin; i < range.end; ++i) {
    float* const row = logits + (i - range.begin) * stride_;
    const float* const truth = labels + label_rows[i] * num_classes_;
    for (int64_t l = 0; l < num_rates_; ++l) {
      descend(row + l * num_classes_, truth, l, i);
    }
  }
  keep_gradients(range, logits);
}

void CpuStack::descend(
    float* logits, const float* truth, int64_t rate, int64_t row) {
  double& loss = row_losses_[row * num_rates_ + rate];
  const auto factor =
      static_cast<float>(setup_.rates[rate] * scale() * factor_);
  if (setup_.task == Task::kMultiLabel) {
    if (keeps_loss_) {
      loss = multi_label_loss(logits, truth, num_classes_);
    }
    kernels::sigmoid_residual(logits, truth, num_classes_, factor);
  } else {
    loss = descend_single_label(logits, truth, num_classes_, factor);
  }
}

void CpuStack::move_bias() {
  for (float& value : bias_step_) {
    value *= momentum();
  }
  add_up_gradients(batch_, bias_step_.data());
  for (int64_t head = 0; head < num_heads_; ++head) {
    bias_[head] += bias_step_[head];
  }
}

std::unique_ptr<HeadStack> make_cpu_stack(const HeadStackSetup& setup) {
  const int64_t num_heads = num_heads_of(setup);
  // Where panels are a fifth empty or more.
  const bool is_narrow =
      4 * kernels::gemm_packed_size(1, num_heads) >= 5 * num_heads;
  return is_narrow ? make_narrow_stack(setup) : make_packed_stack(setup);
}

}  // namespace nadir::eval
