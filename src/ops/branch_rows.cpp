#include "ops/branch_rows.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "kernels/layer_norm.h"

namespace nadir::ops {

void RowsToNormalize::normalize(
    int64_t first, int64_t count, float* out) const {
  const int64_t dim = x_TD.size(1);
  kept.for_each_run(first, first + count, [&](const RowRun& run) {
    kernels::layer_norm(
        x_TD.const_data_ptr<float>() + run.row * dim,
        run.num_rows,
        dim,
        weight.const_data_ptr<float>(),
        bias.const_data_ptr<float>(),
        eps,
        out + (run.packed_row - first) * dim);
  });
}

void RowsToNormalize::add_gradient(
    int64_t chunk,
    int64_t first,
    int64_t count,
    const float* grad_out,
    at::Tensor& grad_x_TD,
    NormSums& sums) const {
  const int64_t dim = x_TD.size(1);
  kept.for_each_run(first, first + count, [&](const RowRun& run) {
    kernels::layer_norm_backward(
        x_TD.const_data_ptr<float>() + run.row * dim,
        grad_out + (run.packed_row - first) * dim,
        run.num_rows,
        dim,
        weight.const_data_ptr<float>(),
        eps,
        grad_x_TD.data_ptr<float>() + run.row * dim,
        sums.weight.of_chunk(chunk),
        sums.bias.of_chunk(chunk));
  });
}

at::Tensor with_gaps_of(const KeptRows& kept, const at::Tensor& x_TD) {
  auto y_TD = at::empty_like(x_TD);
  kept.for_each_gap(x_TD.size(0), [&](int64_t row, int64_t num_rows) {
    y_TD.narrow(0, row, num_rows).copy_(x_TD.narrow(0, row, num_rows));
  });
  return y_TD;
}

void add_branch(
    const KeptRows& kept,
    int64_t first,
    int64_t count,
    const float* branch,
    const at::Tensor& x_TD,
    at::Tensor& y_TD) {
  const int64_t dim = y_TD.size(1);
  kept.for_each_run(first, first + count, [&](const RowRun& run) {
    const float* const in = x_TD.const_data_ptr<float>() + run.row * dim;
    float* const out = y_TD.data_ptr<float>() + run.row * dim;
    const float* const added = branch + (run.packed_row - first) * dim;
    for (int64_t i = 0; i < run.num_rows * dim; ++i) {
      out[i] = in[i] + run.factor * added[i];
    }
  });
}

void scale_branch(
    const KeptRows& kept,
    int64_t first,
    int64_t count,
    const at::Tensor& grad_y_TD,
    float* branch) {
  const int64_t dim = grad_y_TD.size(1);
  kept.for_each_run(first, first + count, [&](const RowRun& run) {
    const float* const in = grad_y_TD.const_data_ptr<float>() + run.row * dim;
    float* const out = branch + (run.packed_row - first) * dim;
    for (int64_t i = 0; i < run.num_rows * dim; ++i) {
      out[i] = run.factor * in[i];
    }
  });
}

const float* factors_or_null(const at::Tensor& factors_B) {
  if (!factors_B.defined()) {
    return nullptr;
  }
  NADIR_ASSERT(
      factors_B.is_contiguous() && factors_B.scalar_type() == at::kFloat);
  return factors_B.const_data_ptr<float>();
}

}  // namespace nadir::ops
