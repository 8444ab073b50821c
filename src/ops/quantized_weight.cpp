#include "ops/quantized_weight.h"

#include <algorithm>
#include <functional>

#include <ATen/ATen.h>

#include "core/error.h"
#include "ops/chunks.h"

namespace nadir::ops {

QuantizedWeight::QuantizedWeight(
    const at::Tensor& weight, const at::Tensor& centre)
    : num_inputs_(weight.size(1)),
      values_(at::empty(
          {kernels::int8_packed_size(weight.size(1), weight.size(0))},
          at::kChar)),
      scales_N_(at::empty({weight.size(0)}, at::kFloat)),
      sums_N_(at::empty({weight.size(0)}, at::kInt)),
      centre_(centre),
      shift_N_(
          centre.defined() ? at::mv(weight, centre).contiguous()
                           : at::Tensor()) {
  NADIR_CHECK(
      num_inputs_ <= kernels::kInt8MaxTerms,
      "int8 takes linear maps of at most {} inputs, this one has {}; use "
      "--precision fp32",
      kernels::kInt8MaxTerms,
      num_inputs_);
  kernels::int8_pack(
      weight.const_data_ptr<float>(),
      num_inputs_,
      weight.size(0),
      {values_.data_ptr<int8_t>(),
       scales_N_.data_ptr<float>(),
       sums_N_.data_ptr<int32_t>()});
}

QuantizedWeight QuantizedWeight::columns(int64_t first, int64_t count) const {
  NADIR_ASSERT(first % kernels::kInt8PanelCols == 0);
  QuantizedWeight part;
  part.num_inputs_ = num_inputs_;
  part.values_ = values_.slice(0, first * kernels::int8_row_size(num_inputs_));
  part.scales_N_ = scales_N_.narrow(0, first, count);
  part.sums_N_ = sums_N_.narrow(0, first, count);
  part.centre_ = centre_;
  part.shift_N_ =
      centre_.defined() ? shift_N_.narrow(0, first, count) : shift_N_;
  return part;
}

kernels::Int8Matrix QuantizedWeight::matrix() const {
  return {
      values_.const_data_ptr<int8_t>(),
      scales_N_.const_data_ptr<float>(),
      sums_N_.const_data_ptr<int32_t>(),
      num_inputs_,
      scales_N_.size(0)};
}

void QuantizedWeight::apply(
    const float* rows,
    int64_t num_rows,
    const float* bias,
    float* out,
    int64_t stride,
    float* scratch) const {
  // Scales, zero points and values of the rows share the scratch, and behind
  // them the bias with the centre's share.
  auto* const zeros = reinterpret_cast<int32_t*>(scratch + kChunkRows);
  auto* const values = reinterpret_cast<uint8_t*>(scratch + 2 * kChunkRows);
  const kernels::Int8Rows quantized{values, scratch, zeros};
  const bool is_centred = centre_.defined();
  kernels::int8_quantize(
      rows,
      num_inputs_,
      num_rows,
      num_inputs_,
      is_centred ? centre_.const_data_ptr<float>() : nullptr,
      quantized);
  if (is_centred) {
    float* const shifted = scratch + rows_size();
    const auto* const shift = shift_N_.const_data_ptr<float>();
    std::transform(
        bias, bias + shift_N_.size(0), shift, shifted, std::plus<>());
    bias = shifted;
  }
  kernels::int8_gemm(quantized, num_rows, matrix(), bias, out, stride);
}

int64_t QuantizedWeight::scratch_size() const {
  return rows_size() + scales_N_.size(0);
}

int64_t QuantizedWeight::rows_size() const {
  constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
  return kChunkRows * (2 + kernels::int8_row_size(num_inputs_) / kFloatBytes);
}

}  // namespace nadir::ops
