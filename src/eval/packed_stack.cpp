#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "core/aligned.h"
#include "eval/head_stack.h"
#include "kernels/gemm.h"
#include "kernels/sigmoid.h"
#include "ops/chunks.h"

namespace nadir::eval {
namespace {

// Columns of features that move at a time: a multiple of the rows of every
// level's tile of registers.
constexpr int64_t kColumnsAtATime = 48;

// Share `item` of `count` things in `num_shares`, which are as many as there
// are threads: who takes it hardly changes, and what he left in his cache
// serves. (LibTorch tells another number of threads to those of its own.)
struct Share {
  int64_t begin;
  int64_t end;
};

Share share_of(int64_t item, int64_t num_shares, int64_t count) {
  const int64_t size = (count + num_shares - 1) / num_shares;
  return {std::min(count, item * size), std::min(count, (item + 1) * size)};
}

// A matrix [K, N] in the panels of gemm.h, N padded with zeros.
class Panels {
 public:
  Panels(int64_t k, int64_t n)
      : k_(k),
        width_(kernels::gemm_panel_cols()),
        padded_cols_(kernels::gemm_packed_size(1, n)),
        values_(k * padded_cols_) {
    std::fill_n(values_.data(), k * padded_cols_, 0.0F);
  }

  [[nodiscard]] float* data() { return values_.data(); }

  [[nodiscard]] int64_t size() const { return k_ * padded_cols_; }

  // With those of padding.
  [[nodiscard]] int64_t num_cols() const { return padded_cols_; }

  // The panel that holds column `col`: its first column and its width.
  [[nodiscard]] std::pair<int64_t, int64_t> panel_of(int64_t col) const {
    const int64_t begin = col / width_ * width_;
    return {begin, std::min(width_, padded_cols_ - begin)};
  }

  // Row `row` of the panel from column `begin` on.
  [[nodiscard]] float* row_of_panel(int64_t begin, int64_t row) {
    return values_.data() + begin * k_ + row * panel_of(begin).second;
  }

  [[nodiscard]] const float& at(int64_t row, int64_t col) const {
    const auto [begin, width] = panel_of(col);
    return values_.data()[begin * k_ + row * width + col - begin];
  }

  template <class Work>
  void for_each_panel(Work&& work) const {
    for (int64_t col = 0; col < padded_cols_; col += width_) {
      work(col, panel_of(col).second);
    }
  }

 private:
  int64_t k_;
  int64_t width_;
  int64_t padded_cols_;
  AlignedFloats values_;
};

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

// Two passes of threads a step. The first takes rows of the batch: multiplies
// them by the weights where they lie, and turns logits into gradients. The
// second takes columns: multiplies the rows by the gradients and moves the
// weights. `step_` is minus the rate times SGD's momentum buffer.
class PackedStack final : public HeadStack {
 public:
  explicit PackedStack(const HeadStackSetup& setup)
      : setup_(setup),
        num_rates_(static_cast<int64_t>(setup.rates.size())),
        num_classes_(setup.weight_CF.size(0)),
        num_heads_(num_rates_ * num_classes_),
        num_columns_(setup.weight_CF.size(1)),
        weight_(num_columns_, num_heads_),
        step_(num_columns_, num_heads_),
        bias_(weight_.num_cols(), 0),
        bias_step_(num_heads_, 0),
        loss_(num_rates_, 0) {
    kernels::gemm_pack(
        {setup.weight_CF.repeat({num_rates_, 1}).const_data_ptr<float>(),
         num_columns_,
         true},
        num_columns_,
        num_heads_,
        weight_.data());
  }

  void begin_epoch(double factor, bool keeps_loss) override {
    const auto change = static_cast<float>(factor / factor_);
    for (int64_t i = 0; i < step_.size(); ++i) {
      step_.data()[i] *= change;
    }
    for (float& value : bias_step_) {
      value *= change;
    }
    factor_ = factor;
    keeps_loss_ = keeps_loss;
    std::fill(loss_.begin(), loss_.end(), 0.0);
  }

  void step(const EpochOrder& order, int64_t begin, int64_t batch) override {
    if (batch != batch_) {
      batch_ = batch;
      gradient_ = Panels(batch, num_heads_);
      row_losses_.resize(batch * num_rates_);
    }
    num_shares_ = at::get_num_threads();
    const auto* const feature_rows =
        order.feature_rows.const_data_ptr<int64_t>() + begin;
    const auto* const label_rows =
        order.label_rows.const_data_ptr<int64_t>() + begin;
    const auto largest = share_of(0, num_shares_, batch);
    ops::for_each_item(
        num_shares_,
        kernels::gemm_scratch_size(num_columns_) +
            largest.end * gradient_.num_cols(),
        [&](int64_t item, float* scratch) {
          const auto rows = share_of(item, num_shares_, batch);
          look_at_rows(
              rows,
              feature_rows + rows.begin,
              label_rows + rows.begin,
              scratch);
        });
    move_bias();
    // The next batch, so that it is in a cache when its turn comes.
    const auto* const next_rows =
        order.feature_rows.size(0) - begin >= 2 * batch ? feature_rows + batch
                                                        : nullptr;
    ops::for_each_item(
        num_shares_,
        kernels::gemm_scratch_size(batch),
        [&](int64_t item, float* scratch) {
          move_share_of_weight(item, feature_rows, next_rows, scratch);
        });
    if (keeps_loss_) {
      for (int64_t i = 0; i < batch * num_rates_; ++i) {
        loss_[i % num_rates_] += row_losses_[i] * scale();
      }
    }
  }

  [[nodiscard]] at::Tensor weight() const override {
    auto weight = at::empty({num_heads_, num_columns_}, at::kFloat);
    auto* const values = weight.data_ptr<float>();
    for (int64_t head = 0; head < num_heads_; ++head) {
      for (int64_t f = 0; f < num_columns_; ++f) {
        values[head * num_columns_ + f] = weight_.at(f, head);
      }
    }
    return weight;
  }

  [[nodiscard]] at::Tensor bias() const override {
    return at::tensor(bias_).narrow(0, 0, num_heads_);
  }

  [[nodiscard]] at::Tensor loss_sums() const override {
    return at::tensor(loss_).to(at::kFloat);
  }

 private:
  // Of the sum over a batch.
  [[nodiscard]] double scale() const {
    const auto num_terms =
        setup_.task == Task::kMultiLabel ? num_classes_ * batch_ : batch_;
    return 1.0 / static_cast<double>(num_terms);
  }

  // Row r of it is the batch's.
  [[nodiscard]] kernels::MatrixView features_at(
      const int64_t* rows,
      bool is_transposed,
      const int64_t* next_rows = nullptr) const {
    return {
        setup_.features_NF.const_data_ptr<float>(),
        setup_.features_NF.stride(0),
        is_transposed,
        rows,
        next_rows};
  }

  void look_at_rows(
      Share rows,
      const int64_t* feature_rows,
      const int64_t* label_rows,
      float* scratch) {
    float* const logits = scratch + kernels::gemm_scratch_size(num_columns_);
    const int64_t stride = gradient_.num_cols();  // whole tiles
    const int64_t count = rows.end - rows.begin;
    kernels::gemm(
        features_at(feature_rows, false),
        count,
        num_columns_,
        weight_.data(),
        stride,
        kernels::GemmInit::kAddBias,
        bias_.data(),
        logits,
        stride,
        scratch);
    const float* const labels = setup_.labels.const_data_ptr<float>();
    for (int64_t i = 0; i < count; ++i) {
      float* const row = logits + i * stride;
      const float* const truth = labels + label_rows[i] * num_classes_;
      for (int64_t l = 0; l < num_rates_; ++l) {
        descend(row + l * num_classes_, truth, l, rows.begin + i);
      }
      gradient_.for_each_panel([&](int64_t begin, int64_t width) {
        std::copy_n(
            row + begin,
            std::min(width, num_heads_ - begin),
            gradient_.row_of_panel(begin, rows.begin + i));
      });
    }
  }

  void descend(float* logits, const float* truth, int64_t rate, int64_t row) {
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

  void move_bias() {
    for (float& value : bias_step_) {
      value *= static_cast<float>(setup_.momentum);
    }
    gradient_.for_each_panel([&](int64_t begin, int64_t width) {
      const int64_t count = std::min(width, num_heads_ - begin);
      for (int64_t i = 0; i < batch_; ++i) {
        const float* const row = gradient_.row_of_panel(begin, i);
        for (int64_t j = 0; j < count; ++j) {
          bias_step_[begin + j] += row[j];
        }
      }
    });
    for (int64_t head = 0; head < num_heads_; ++head) {
      bias_[head] += bias_step_[head];
    }
  }

  void move_share_of_weight(
      int64_t item,
      const int64_t* feature_rows,
      const int64_t* next_rows,
      float* scratch) {
    const int64_t num_parts =
        (num_columns_ + kColumnsAtATime - 1) / kColumnsAtATime;
    const auto parts = share_of(item, num_shares_, num_parts);
    for (int64_t part = parts.begin; part < parts.end; ++part) {
      move_weight(feature_rows, next_rows, part * kColumnsAtATime, scratch);
    }
  }

  void move_weight(
      const int64_t* feature_rows,
      const int64_t* next_rows,
      int64_t first,
      float* scratch) {
    const int64_t count = std::min(kColumnsAtATime, num_columns_ - first);
    weight_.for_each_panel([&](int64_t begin, int64_t width) {
      float* const step = step_.row_of_panel(begin, first);
      float* const weight = weight_.row_of_panel(begin, first);
      const auto momentum = static_cast<float>(setup_.momentum);
      for (int64_t i = 0; i < count * width; ++i) {
        step[i] *= momentum;
      }
      kernels::gemm(
          features_at(feature_rows, true, begin == 0 ? next_rows : nullptr)
              .at(first, 0),
          count,
          batch_,
          gradient_.row_of_panel(begin, 0),
          width,
          kernels::GemmInit::kAccumulate,
          nullptr,
          step,
          width,
          scratch);
      for (int64_t i = 0; i < count * width; ++i) {
        weight[i] += step[i];
      }
    });
  }

  HeadStackSetup setup_;
  int64_t num_rates_;
  int64_t num_classes_;
  int64_t num_heads_;
  int64_t num_columns_;
  double factor_ = 1;
  bool keeps_loss_ = false;
  Panels weight_;
  Panels step_;
  std::vector<float> bias_;  // with zeros for the padding
  std::vector<float> bias_step_;
  std::vector<double> loss_;
  // Of a batch.
  int64_t batch_ = 0;
  int64_t num_shares_ = 1;
  Panels gradient_{0, 0};
  std::vector<double> row_losses_;  // [B, L]
};

}  // namespace

std::unique_ptr<HeadStack> make_packed_stack(const HeadStackSetup& setup) {
  return std::make_unique<PackedStack>(setup);
}

}  // namespace nadir::eval
