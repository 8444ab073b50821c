// Weights stay in the panels that products read, whatever the number of heads.
#include <algorithm>

#include <ATen/ATen.h>

#include "core/aligned.h"
#include "eval/cpu_stack.h"

namespace nadir::eval {
namespace {

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

  [[nodiscard]] const float* row_of_panel(int64_t begin, int64_t row) const {
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

class PackedStack final : public CpuStack {
 public:
  explicit PackedStack(const HeadStackSetup& setup)
      : CpuStack(setup, kernels::gemm_packed_size(1, num_heads_of(setup))),
        weight_(num_columns(), num_heads()),
        step_(num_columns(), num_heads()) {
    kernels::gemm_pack(
        {first_weight().const_data_ptr<float>(), num_columns(), true},
        num_columns(),
        num_heads(),
        weight_.data());
  }

  [[nodiscard]] at::Tensor weight() const override {
    auto weight = at::empty({num_heads(), num_columns()}, at::kFloat);
    auto* const values = weight.data_ptr<float>();
    for (int64_t head = 0; head < num_heads(); ++head) {
      for (int64_t f = 0; f < num_columns(); ++f) {
        values[head * num_columns() + f] = weight_.at(f, head);
      }
    }
    return weight;
  }

 private:
  void scale_steps(float factor) override {
    for (int64_t i = 0; i < step_.size(); ++i) {
      step_.data()[i] *= factor;
    }
  }

  void resize_gradients(int64_t batch) override {
    gradient_ = Panels(batch, num_heads());
  }

  [[nodiscard]] int64_t logits_scratch(int64_t num_rows) const override {
    return kernels::gemm_scratch_size(num_columns()) +
           num_rows * gradient_.num_cols();
  }

  float* compute_logits(
      const BatchRows& rows,
      Range range,
      const float* biases,
      float* scratch) override {
    float* const logits = scratch + kernels::gemm_scratch_size(num_columns());
    const int64_t stride = gradient_.num_cols();  // whole tiles
    kernels::gemm(
        {picked_rows(rows.features + range.begin),
         range.end - range.begin,
         num_columns(),
         weight_.data(),
         stride,
         kernels::GemmInit::kAddBias,
         biases,
         logits,
         stride,
         scratch});
    return logits;
  }

  void keep_gradients(Range range, const float* rows) override {
    const int64_t stride = gradient_.num_cols();
    for (int64_t i = range.begin; i < range.end; ++i) {
      const float* const row = rows + (i - range.begin) * stride;
      gradient_.for_each_panel([&](int64_t begin, int64_t width) {
        std::copy_n(
            row + begin,
            std::min(width, num_heads() - begin),
            gradient_.row_of_panel(begin, i));
      });
    }
  }

  void add_up_gradients(int64_t batch, float* sums) const override {
    gradient_.for_each_panel([&](int64_t begin, int64_t width) {
      const int64_t count = std::min(width, num_heads() - begin);
      for (int64_t i = 0; i < batch; ++i) {
        const float* const row = gradient_.row_of_panel(begin, i);
        for (int64_t j = 0; j < count; ++j) {
          sums[begin + j] += row[j];
        }
      }
    });
  }

  [[nodiscard]] int64_t moving_scratch(int64_t batch) const override {
    return kernels::gemm_scratch_size(batch);
  }

  void move_weights(
      const BatchRows& rows,
      int64_t batch,
      Range range,
      float* scratch) override {
    for (int64_t first = range.begin; first < range.end;
         first += kColumnsAtATime) {
      move_columns(
          rows,
          batch,
          first,
          std::min(kColumnsAtATime, range.end - first),
          scratch);
    }
  }

  void move_columns(
      const BatchRows& rows,
      int64_t batch,
      int64_t first,
      int64_t count,
      float* scratch) {
    auto features = picked_rows(rows.features);
    features.is_transposed = true;
    weight_.for_each_panel([&](int64_t begin, int64_t width) {
      float* const step = step_.row_of_panel(begin, first);
      float* const weight = weight_.row_of_panel(begin, first);
      const float kept = momentum();
      for (int64_t i = 0; i < count * width; ++i) {
        step[i] *= kept;
      }
      features.picked_next = begin == 0 ? rows.next_features : nullptr;
      kernels::gemm(
          {features.at(first, 0),
           count,
           batch,
           gradient_.row_of_panel(begin, 0),
           width,
           kernels::GemmInit::kAccumulate,
           nullptr,
           step,
           width,
           scratch});
      for (int64_t i = 0; i < count * width; ++i) {
        weight[i] += step[i];
      }
    });
  }

  Panels weight_;
  Panels step_;
  Panels gradient_{0, 0};  // [B, heads]
};

}  // namespace

std::unique_ptr<HeadStack> make_packed_stack(const HeadStackSetup& setup) {
  return std::make_unique<PackedStack>(setup);
}

}  // namespace nadir::eval
