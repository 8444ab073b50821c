#include "ops/linear_weight.h"

#include <utility>

namespace nadir::ops {

LinearWeight LinearWeight::pack(
    const at::Tensor& weight, WeightFormat format, const at::Tensor& centre) {
  const int64_t num_inputs = weight.size(1);
  if (format == WeightFormat::kInt8) {
    return {num_inputs, QuantizedWeight(weight, centre)};
  }
  return {num_inputs, PackedWeight::forward(weight, format)};
}

LinearWeight LinearWeight::packed_or(
    const LinearWeight* packed, const at::Tensor& weight, WeightFormat format) {
  return packed != nullptr ? *packed : pack(weight, format);
}

LinearWeight LinearWeight::outputs(int64_t first, int64_t count) const {
  return {
      num_inputs_,
      std::visit(
          [&](const auto& weight) -> Packed {
            return weight.columns(first, count);
          },
          packed_)};
}

void LinearWeight::apply(
    const float* rows,
    int64_t num_rows,
    const float* bias,
    float* out,
    int64_t stride,
    float* scratch) const {
  if (const auto* weight = std::get_if<QuantizedWeight>(&packed_)) {
    weight->apply(rows, num_rows, bias, out, stride, scratch);
    return;
  }
  std::get<PackedWeight>(packed_).multiply(
      {rows, num_inputs_},
      num_rows,
      kernels::GemmInit::kAddBias,
      bias,
      out,
      stride,
      scratch);
}

int64_t LinearWeight::scratch_size() const {
  return std::visit(
      [](const auto& weight) { return weight.scratch_size(); }, packed_);
}

}  // namespace nadir::ops
