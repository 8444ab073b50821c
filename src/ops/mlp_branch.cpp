#include "ops/mlp_branch.h"

#include <optional>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"
#include "kernels/gelu.h"
#include "kernels/layer_norm.h"
#include "ops/branch_rows.h"
#include "ops/chunks.h"
#include "ops/packed_weight.h"
#include "ops/weight_gradient.h"

namespace nadir::ops {
namespace {

using kernels::GemmInit;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What the gradient needs beside the parameters.
struct MlpRecord : torch::CustomClassHolder {
  MlpRecord(
      KeptRows kept_rows,
      double eps,
      WeightFormat weight_format,
      bool is_recomputed)
      : kept(std::move(kept_rows)),
        norm_eps(static_cast<float>(eps)),
        format(weight_format),
        recomputes(is_recomputed) {}

  KeptRows kept;
  float norm_eps;
  WeightFormat format;
  bool recomputes;
  bool is_taken = false;  // the gradient
  at::Tensor hidden_PF;   // fc1's outputs; P packed rows, F hidden channels
};

at::Tensor run_forward(
    const at::Tensor& x_TD,
    const MlpParameters& p,
    MlpRecord& record,
    bool keeps_hidden) {
  const KeptRows& kept = record.kept;
  auto y_TD = with_gaps_of(kept, x_TD);
  const int64_t dim = x_TD.size(1);
  const int64_t hidden = p.fc1_weight.size(0);
  const auto fc1 =
      LinearWeight::packed_or(p.packed_fc1, p.fc1_weight, record.format);
  const auto fc2 =
      LinearWeight::packed_or(p.packed_fc2, p.fc2_weight, record.format);
  if (keeps_hidden) {
    record.hidden_PF = at::empty({kept.num_packed_rows(), hidden}, at::kFloat);
  }
  const RowsToNormalize rows{
      x_TD, p.norm_weight, p.norm_bias, record.norm_eps, kept};
  const int64_t gemm_size = std::max(fc1.scratch_size(), fc2.scratch_size());
  for_each_chunk(
      kept.num_packed_rows(),
      gemm_size + kChunkRows * (dim + 2 * hidden),
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        float* const tokens = scratch + gemm_size;
        float* const active = tokens + kChunkRows * dim;
        float* const linear =
            keeps_hidden ? record.hidden_PF.data_ptr<float>() + first * hidden
                         : active + kChunkRows * hidden;
        rows.normalize(first, count, tokens);
        fc1.apply(
            tokens,
            count,
            p.fc1_bias.const_data_ptr<float>(),
            linear,
            hidden,
            scratch);
        kernels::gelu(linear, count * hidden, active);
        fc2.apply(
            active,
            count,
            p.fc2_bias.const_data_ptr<float>(),
            tokens,
            dim,
            scratch);
        add_branch(kept, first, count, tokens, x_TD, y_TD);
      });
  return y_TD;
}

class MlpBranch : public torch::autograd::Function<MlpBranch> {
 public:
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x_TD,
      const at::Tensor& norm_weight,
      const at::Tensor& norm_bias,
      const at::Tensor& fc1_weight,
      const at::Tensor& fc1_bias,
      const at::Tensor& fc2_weight,
      const at::Tensor& fc2_bias,
      const c10::intrusive_ptr<MlpRecord>& record) {
    context->save_for_backward(
        {x_TD, norm_weight, norm_bias, fc1_weight, fc1_bias, fc2_weight});
    context->saved_data["record"] = c10::IValue::make_capsule(record);
    return run_forward(
        x_TD,
        {norm_weight, norm_bias, fc1_weight, fc1_bias, fc2_weight, fc2_bias},
        *record,
        /*keeps_hidden=*/!record->recomputes);
  }

  static variable_list backward(
      AutogradContext* context, variable_list grad_outputs) {
    const auto saved = context->get_saved_variables();
    const auto record = c10::static_intrusive_pointer_cast<MlpRecord>(
        context->saved_data["record"].toCapsule());
    return run_backward(
        saved[0],
        {saved[1], saved[2], saved[3], saved[4], saved[5], {}},
        grad_outputs[0].contiguous(),
        *record);
  }

 private:
  static variable_list run_backward(
      const at::Tensor& x_TD,
      const MlpParameters& p,
      const at::Tensor& grad_y_TD,
      MlpRecord& record);
};

// With z = fc2(g), g = gelu(a), a = fc1(h), h = norm(x), and dz the factor
// times dy: dg = dz W2, da = dg gelu'(a), dh = da W1.
variable_list MlpBranch::run_backward(
    const at::Tensor& x_TD,
    const MlpParameters& p,
    const at::Tensor& grad_y_TD,
    MlpRecord& record) {
  NADIR_ASSERT(!record.is_taken);  // what it needs is given back meanwhile
  record.is_taken = true;
  const KeptRows& kept = record.kept;
  const int64_t num_rows = kept.num_packed_rows();
  const int64_t dim = x_TD.size(1);
  const int64_t hidden = p.fc1_weight.size(0);
  const auto fc1 = PackedWeight::backward(p.fc1_weight, record.format);
  const auto fc2 = PackedWeight::backward(p.fc2_weight, record.format);
  const auto fc1_again =
      record.recomputes
          ? std::optional(LinearWeight::pack(p.fc1_weight, record.format))
          : std::nullopt;
  auto grad_x_TD = grad_y_TD.clone();
  WeightGradient fc1_gradient(num_rows, hidden, dim, record.format);
  WeightGradient fc2_gradient(num_rows, dim, hidden, record.format);
  NormSums norm(num_chunks_of(num_rows), dim);
  const RowsToNormalize rows{
      x_TD, p.norm_weight, p.norm_bias, record.norm_eps, kept};
  const int64_t gemm_size = std::max(fc1.scratch_size(), fc2.scratch_size());
  for_each_chunk(
      num_rows,
      gemm_size + kChunkRows * (3 * dim + 2 * hidden),
      [&](int64_t chunk, int64_t first, int64_t count, float* scratch) {
        float* const grad_out = scratch + gemm_size;
        float* const grad_tokens = grad_out + kChunkRows * dim;
        float* const tokens = grad_tokens + kChunkRows * dim;
        float* const grad_hidden = tokens + kChunkRows * dim;
        float* const active = grad_hidden + kChunkRows * hidden;
        const float* before = active;  // a
        rows.normalize(first, count, tokens);
        if (fc1_again) {
          fc1_again->apply(
              tokens,
              count,
              p.fc1_bias.const_data_ptr<float>(),
              active,
              hidden,
              scratch);
        } else {
          before = record.hidden_PF.const_data_ptr<float>() + first * hidden;
        }
        scale_branch(kept, first, count, grad_y_TD, grad_out);
        fc2.multiply(
            {grad_out, dim},
            count,
            GemmInit::kReplace,
            nullptr,
            grad_hidden,
            hidden,
            scratch);
        kernels::gelu_backward(before, count * hidden, active, grad_hidden);
        fc2_gradient.add(first, count, grad_out, dim, active);
        fc1_gradient.add(first, count, grad_hidden, hidden, tokens);
        fc1.multiply(
            {grad_hidden, hidden},
            count,
            GemmInit::kReplace,
            nullptr,
            grad_tokens,
            dim,
            scratch);
        rows.add_gradient(chunk, first, count, grad_tokens, grad_x_TD, norm);
      });
  record.hidden_PF.reset();
  return {
      grad_x_TD,
      norm.weight.total(),
      norm.bias.total(),
      fc1_gradient.weight(),
      fc1_gradient.bias(),
      fc2_gradient.weight(),
      fc2_gradient.bias(),
      {}};
}

}  // namespace

at::Tensor mlp_branch(
    const at::Tensor& x_TD,
    const MlpParameters& parameters,
    const TokenLayout& layout,
    const at::Tensor& factors_B,
    bool recomputes) {
  const auto& p = parameters;
  auto record = c10::make_intrusive<MlpRecord>(
      KeptRows(layout, factors_or_null(factors_B)),
      p.norm_eps,
      p.format,
      recomputes);
  const auto x = x_TD.contiguous();
  const bool is_frozen = p.packed_fc1 != nullptr;
  NADIR_ASSERT(!is_frozen || !x.requires_grad());
  if (!is_frozen && at::GradMode::is_enabled()) {
    return MlpBranch::apply(
        x,
        p.norm_weight,
        p.norm_bias,
        p.fc1_weight,
        p.fc1_bias,
        p.fc2_weight,
        p.fc2_bias,
        record);
  }
  return run_forward(x, p, *record, /*keeps_hidden=*/false);
}

}  // namespace nadir::ops
