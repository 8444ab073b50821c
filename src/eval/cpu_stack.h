// What stacks on the CPU share: two passes of threads a step. The first takes
// rows of the batch and turns logits into gradients; the second takes columns
// and moves the weights. A stack says how weights, gradients and steps lie.
// Private to the room.
#pragma once

#include <cstdint>
#include <vector>

#include "eval/head_stack.h"
#include "kernels/gemm.h"

namespace nadir::eval {

// Rates times classes.
[[nodiscard]] int64_t num_heads_of(const HeadStackSetup& setup);

class CpuStack : public HeadStack {
 public:
  void begin_epoch(double factor, bool keeps_loss) final;
  void step(const EpochOrder& order, int64_t begin, int64_t batch) final;

  [[nodiscard]] at::Tensor bias() const final;
  [[nodiscard]] at::Tensor loss_sums() const final;

 protected:
  // Columns of features that shares are multiples of: itself a multiple of the
  // rows of every level's tile of registers, and of every level's vectors.
  static constexpr int64_t kColumnsAtATime = 48;

  // Rows of a batch, or columns.
  struct Range {
    int64_t begin;
    int64_t end;
  };

  // Rows of the features, as many as a batch has; the next batch's may be null.
  struct BatchRows {
    const int64_t* features;
    const int64_t* next_features;
  };

  // `stride`: values from one row of logits to the next.
  CpuStack(const HeadStackSetup& setup, int64_t stride);

  // Steps are minus the rate times SGD's momentum buffer: an epoch's factor
  // multiplies them.
  virtual void scale_steps(float factor) = 0;

  // Makes room for gradients of another number of rows.
  virtual void resize_gradients(int64_t batch) = 0;

  // Logits of rows of the batch, to rows of `stride` values; `biases` has zeros
  // behind the heads. Returns where they are: in `scratch` or the stack's own.
  virtual float* compute_logits(
      const BatchRows& rows,
      Range range,
      const float* biases,
      float* scratch) = 0;

  // Takes what compute_logits() gave, which became gradients.
  virtual void keep_gradients(Range range, const float* rows) = 0;

  // Adds the gradients of all rows of the batch to `sums`, one a head.
  virtual void add_up_gradients(int64_t batch, float* sums) const = 0;

  // Moves the weights of columns; `range` begins at a multiple of
  // kColumnsAtATime.
  virtual void move_weights(
      const BatchRows& rows, int64_t batch, Range range, float* scratch) = 0;

  // Floats that each of both passes needs for a share of the batch.
  [[nodiscard]] virtual int64_t logits_scratch(int64_t num_rows) const = 0;
  [[nodiscard]] virtual int64_t moving_scratch(int64_t batch) const = 0;

  // Row r of it is row picked[r] of the features.
  [[nodiscard]] kernels::MatrixView picked_rows(const int64_t* picked) const;

  // At the start, [heads, F].
  [[nodiscard]] at::Tensor first_weight() const;

  [[nodiscard]] float momentum() const {
    return static_cast<float>(setup_.momentum);
  }

  [[nodiscard]] int64_t num_heads() const { return num_heads_; }

  [[nodiscard]] int64_t num_columns() const { return num_columns_; }

 private:
  [[nodiscard]] double scale() const;
  void look_at_rows(
      const BatchRows& rows,
      const int64_t* label_rows,
      Range range,
      float* scratch);
  void descend(float* logits, const float* truth, int64_t rate, int64_t row);
  void move_bias();

  HeadStackSetup setup_;
  int64_t num_rates_;
  int64_t num_classes_;
  int64_t num_heads_;
  int64_t num_columns_;
  int64_t stride_;
  double factor_ = 1;
  bool keeps_loss_ = false;
  std::vector<float> bias_;  // with zeros for the padding
  std::vector<float> bias_step_;
  std::vector<double> loss_;
  // Of a batch.
  int64_t batch_ = 0;
  std::vector<double> row_losses_;  // [B, L]
};

}  // namespace nadir::eval
