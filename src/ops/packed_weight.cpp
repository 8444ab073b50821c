#include "ops/packed_weight.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "ops/chunks.h"

namespace nadir::ops {
namespace {

constexpr int64_t kPanelsAtATime = 8;

}  // namespace

PackedWeight PackedWeight::forward(
    const at::Tensor& weight, WeightFormat format) {
  return pack(
      {weight.const_data_ptr<float>(), weight.stride(0), true},
      weight.size(1),
      weight.size(0),
      format);
}

PackedWeight PackedWeight::backward(
    const at::Tensor& weight, WeightFormat format) {
  return pack(
      {weight.const_data_ptr<float>(), weight.stride(0)},
      weight.size(0),
      weight.size(1),
      format);
}

PackedWeight PackedWeight::pack(
    const kernels::MatrixView& matrix,
    int64_t k,
    int64_t n,
    WeightFormat format) {
  const kernels::Products& products = products_in(format);
  PackedWeight weight(products, k, n);
  weight.packed_ = at::empty({products.packed_size(k, n)}, at::kFloat);
  auto* const packed = weight.packed_.data_ptr<float>();
  const int64_t step = kPanelsAtATime * products.panel_cols();
  for_each_item(ceil_div(n, step), 0, [&](int64_t item, float* /*none*/) {
    const int64_t col = item * step;
    products.pack(
        matrix.at(0, col),
        k,
        std::min(step, n - col),
        packed + products.packed_size(k, col));
  });
  return weight;
}

PackedWeight PackedWeight::columns(int64_t first, int64_t count) const {
  const int64_t panel = products_->panel_cols();
  NADIR_ASSERT(
      first % panel == 0 && (count % panel == 0 || first + count == n_));
  PackedWeight part(*products_, k_, count);
  part.packed_ = packed_.slice(0, products_->packed_size(k_, first));
  return part;
}

void PackedWeight::multiply(
    const kernels::MatrixView& a,
    int64_t num_rows,
    kernels::GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride,
    float* scratch) const {
  products_->multiply(
      {a,
       num_rows,
       k_,
       packed_.const_data_ptr<float>(),
       n_,
       init,
       bias,
       c,
       c_stride,
       scratch});
}

void PackedWeight::multiply_all(const at::Tensor& rows, at::Tensor& out) const {
  for_each_chunk(
      rows.size(0),
      scratch_size(),
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        multiply(
            {rows.const_data_ptr<float>() + first * k_, k_},
            count,
            kernels::GemmInit::kReplace,
            nullptr,
            out.data_ptr<float>() + first * n_,
            n_,
            scratch);
      });
}

int64_t PackedWeight::scratch_size() const {
  return products_->scratch_size(k_);
}

}  // namespace nadir::ops
