#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "core/aligned.h"
#include "eval/head_stack.h"
#include "kernels/gemm.h"
#include "ops/chunks.h"

namespace nadir::eval {
namespace {

// Features are shared out by columns, in so many parts whatever the number of
// threads, so that sums over them are the same; a part's columns are a multiple
// of the rows of every level's tile of registers.
constexpr int64_t kMaxParts = 8;
constexpr int64_t kTileRows = 48;

int64_t part_columns_of(int64_t num_columns) {
  const int64_t tiles = (num_columns + kTileRows - 1) / kTileRows;
  return (tiles + kMaxParts - 1) / kMaxParts * kTileRows;
}

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

// Logits become minus the loss's gradient by them, without its factors.
void descend_multi_label(float* logits, const float* truth, int64_t count) {
  for (int64_t c = 0; c < count; ++c) {
    logits[c] = truth[c] - 1 / (1 + std::exp(-logits[c]));
  }
}

// The same; the loss is returned.
double descend_single_label(float* logits, const float* truth, int64_t count) {
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
    logits[c] = truth[c] - std::exp(log_probability);
  }
  return loss;
}

// One pass of threads a step, each over columns of its own, which so come from
// memory once: it multiplies the batch's columns by the gradients, moves the
// weights of the columns, and multiplies the next batch's columns by them.
// Between passes one thread sums the parts to logits and turns those into
// gradients. `step_` is minus the rate times SGD's momentum buffer.
class PackedStack final : public HeadStack {
 public:
  explicit PackedStack(const HeadStackSetup& setup)
      : setup_(setup),
        num_rates_(static_cast<int64_t>(setup.rates.size())),
        num_classes_(setup.weight_CF.size(0)),
        num_heads_(num_rates_ * num_classes_),
        num_columns_(setup.weight_CF.size(1)),
        part_columns_(part_columns_of(num_columns_)),
        num_parts_((num_columns_ + part_columns_ - 1) / part_columns_),
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
    ahead_ = {};
    std::fill(loss_.begin(), loss_.end(), 0.0);
  }

  void step(const EpochOrder& order, int64_t begin, int64_t batch) override {
    const Batch rows = {
        order.feature_rows.const_data_ptr<int64_t>() + begin, batch};
    const Batch next = {
        rows.features + batch,
        std::min(batch, order.feature_rows.size(0) - begin - batch)};
    if (batch != batch_) {
      batch_ = batch;
      gradient_ = Panels(batch, num_heads_);
      logits_ = AlignedFloats(num_parts_ * batch * weight_.num_cols());
      row_losses_.resize(batch * num_rates_);
      ahead_ = {};
    }
    if (ahead_ != rows) {
      for_each_part([&](int64_t part, float* scratch) {
        multiply(part, rows, scratch);
      });
    }
    descend(order.label_rows.const_data_ptr<int64_t>() + begin);
    move_bias();
    for_each_part([&](int64_t part, float* scratch) {
      move_weight(part, rows, next, scratch);
      multiply(part, next, scratch);
    });
    ahead_ = next;
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
  struct Batch {
    const int64_t* features = nullptr;  // their rows
    int64_t size = 0;

    bool operator==(const Batch&) const = default;
  };

  // Columns of a part.
  [[nodiscard]] Share columns_of(int64_t part) const {
    return {
        part * part_columns_,
        std::min(num_columns_, (part + 1) * part_columns_)};
  }

  // Of the sum over a batch.
  [[nodiscard]] double scale() const {
    const auto num_terms =
        setup_.task == Task::kMultiLabel ? num_classes_ * batch_ : batch_;
    return 1.0 / static_cast<double>(num_terms);
  }

  [[nodiscard]] const float* features_of(int64_t row) const {
    return setup_.features_NF.const_data_ptr<float>() +
           row * setup_.features_NF.stride(0);
  }

  // Asks for a share of the part's columns of the next batch, so that they are in
  // a cache when their turn comes.
  void prefetch(const Batch& next, const Share& columns, int64_t first) const {
    constexpr int64_t kLine = 16;
    const auto rows = share_of(
        (first - columns.begin) / kTileRows,
        (columns.end - columns.begin + kTileRows - 1) / kTileRows,
        std::max<int64_t>(next.size, 0));
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      const float* const features = features_of(next.features[i]);
      for (int64_t f = columns.begin; f < columns.end; f += kLine) {
        __builtin_prefetch(features + f, 0, 2);
      }
    }
  }

  // Row r of it is the batch's.
  [[nodiscard]] kernels::MatrixView features_at(
      const int64_t* rows, bool is_transposed) const {
    return {
        setup_.features_NF.const_data_ptr<float>(),
        setup_.features_NF.stride(0),
        is_transposed,
        rows};
  }

  // Calls work(part, scratch) on as many threads as there are, each with parts
  // of its own.
  template <class Work>
  void for_each_part(Work&& work) {
    const int64_t num_shares = at::get_num_threads();
    ops::for_each_item(
        num_shares,
        kernels::gemm_scratch_size(std::max(part_columns_, batch_)),
        [&](int64_t item, float* scratch) {
          const auto parts = share_of(item, num_shares, num_parts_);
          for (int64_t part = parts.begin; part < parts.end; ++part) {
            work(part, scratch);
          }
        });
  }

  // What the part's columns add to the logits of a batch, [B, heads].
  [[nodiscard]] float* logits_of(int64_t part) {
    return logits_.data() + part * batch_ * weight_.num_cols();
  }

  void multiply(int64_t part, const Batch& batch, float* scratch) {
    const auto columns = columns_of(part);
    if (batch.size <= 0) {
      return;
    }
    const int64_t stride = weight_.num_cols();
    weight_.for_each_panel([&](int64_t begin, int64_t width) {
      kernels::gemm(
          features_at(batch.features, false).at(0, columns.begin),
          batch.size,
          columns.end - columns.begin,
          weight_.row_of_panel(begin, columns.begin),
          width,
          part == 0 ? kernels::GemmInit::kAddBias
                    : kernels::GemmInit::kReplace,
          part == 0 ? bias_.data() + begin : nullptr,
          logits_of(part) + begin,
          stride,
          scratch);
    });
  }

  // Logits to gradients.
  void descend(const int64_t* label_rows) {
    const int64_t stride = weight_.num_cols();
    const float* const labels = setup_.labels.const_data_ptr<float>();
    for (int64_t i = 0; i < batch_; ++i) {
      float* const row = logits_of(0) + i * stride;
      for (int64_t part = 1; part < num_parts_; ++part) {
        const float* const more = logits_of(part) + i * stride;
        for (int64_t head = 0; head < stride; ++head) {
          row[head] += more[head];
        }
      }
      const float* const truth = labels + label_rows[i] * num_classes_;
      for (int64_t l = 0; l < num_rates_; ++l) {
        descend(row + l * num_classes_, truth, l, i);
      }
      gradient_.for_each_panel([&](int64_t begin, int64_t width) {
        std::copy_n(
            row + begin,
            std::min(width, num_heads_ - begin),
            gradient_.row_of_panel(begin, i));
      });
    }
  }

  void descend(float* logits, const float* truth, int64_t rate, int64_t row) {
    double& loss = row_losses_[row * num_rates_ + rate];
    if (setup_.task == Task::kMultiLabel) {
      if (keeps_loss_) {
        loss = multi_label_loss(logits, truth, num_classes_);
      }
      descend_multi_label(logits, truth, num_classes_);
    } else {
      loss = descend_single_label(logits, truth, num_classes_);
    }
    const auto factor =
        static_cast<float>(setup_.rates[rate] * scale() * factor_);
    for (int64_t c = 0; c < num_classes_; ++c) {
      logits[c] *= factor;
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

  void move_weight(
      int64_t part, const Batch& rows, const Batch& next, float* scratch) {
    const auto columns = columns_of(part);
    for (int64_t first = columns.begin; first < columns.end;
         first += kTileRows) {
      const int64_t count = std::min(kTileRows, columns.end - first);
      prefetch(next, columns, first);
      weight_.for_each_panel([&](int64_t begin, int64_t width) {
        float* const step = step_.row_of_panel(begin, first);
        float* const weight = weight_.row_of_panel(begin, first);
        const auto momentum = static_cast<float>(setup_.momentum);
        for (int64_t i = 0; i < count * width; ++i) {
          step[i] *= momentum;
        }
        kernels::gemm(
            features_at(rows.features, true).at(first, 0),
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
  }

  HeadStackSetup setup_;
  int64_t num_rates_;
  int64_t num_classes_;
  int64_t num_heads_;
  int64_t num_columns_;
  int64_t part_columns_;
  int64_t num_parts_;
  double factor_ = 1;
  bool keeps_loss_ = false;
  Panels weight_;
  Panels step_;
  std::vector<float> bias_;  // with zeros for the padding
  std::vector<float> bias_step_;
  std::vector<double> loss_;
  // Of a batch.
  int64_t batch_ = 0;
  Panels gradient_{0, 0};
  AlignedFloats logits_{0};  // [parts, B, heads], of the batch `ahead_`
  Batch ahead_;
  std::vector<double> row_losses_;  // [B, L]
};

}  // namespace

std::unique_ptr<HeadStack> make_packed_stack(const HeadStackSetup& setup) {
  return std::make_unique<PackedStack>(setup);
}

}  // namespace nadir::eval
