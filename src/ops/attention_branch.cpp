#include "ops/attention_branch.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"
#include "kernels/attention.h"
#include "ops/branch_rows.h"
#include "ops/chunks.h"
#include "ops/packed_weight.h"
#include "ops/weight_gradient.h"

namespace nadir::ops {
namespace {

using kernels::GemmInit;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

TokenLayout one_token_each(const TokenLayout& layout) {
  return {{{layout.num_images(), 1}}};
}

// What the gradient needs beside the parameters. P packed rows; Q rows of
// queries: P, or one an image where only first tokens are wanted.
struct AttentionRecord : torch::CustomClassHolder {
  AttentionRecord(
      const TokenLayout& token_layout,
      const float* factors,
      bool wants_first_only,
      const AttentionParameters& parameters,
      bool is_recomputed)
      : layout(token_layout),
        kept(layout, factors),
        query_rows(wants_first_only ? kept.first_tokens() : kept),
        out_rows(wants_first_only ? one_token_each(layout) : layout, factors),
        first_only(wants_first_only),
        num_heads(parameters.num_heads),
        norm_eps(static_cast<float>(parameters.norm_eps)),
        format(parameters.format),
        recomputes(is_recomputed) {}

  void forget() {
    for (auto* tensor : {&qkv_PE, &query_QD, &mixed_QD, &log_sums_HQ}) {
      tensor->reset();
    }
  }

  TokenLayout layout;
  KeptRows kept;        // of x, for keys and values
  KeptRows query_rows;  // of x
  KeptRows out_rows;    // of y, in the order of query_rows
  bool first_only;
  int64_t num_heads;
  float norm_eps;
  WeightFormat format;
  bool recomputes;
  bool is_taken = false;  // the gradient
  at::Tensor qkv_PE;      // E = 3 D
  at::Tensor query_QD;    // of first tokens; else they are in qkv_PE
  at::Tensor mixed_QD;    // what the heads give
  at::Tensor log_sums_HQ;
};

// What the branch is added to, in rows of y: x, or its first tokens.
at::Tensor residual_of(const at::Tensor& x_TD, const AttentionRecord& record) {
  if (!record.first_only) {
    return x_TD;
  }
  const auto first = KeptRows(record.layout, nullptr).first_tokens();
  auto y_BD = at::empty({first.num_packed_rows(), x_TD.size(1)}, at::kFloat);
  scale_branch(first, 0, first.num_packed_rows(), x_TD, y_BD.data_ptr<float>());
  return y_BD;
}

RowsToNormalize rows_to_normalize(
    const at::Tensor& x_TD,
    const AttentionParameters& p,
    const AttentionRecord& record,
    const KeptRows& kept) {
  return {x_TD, p.norm_weight, p.norm_bias, record.norm_eps, kept};
}

// rows of `out`, `stride` apart, = weight norm(x) + bias.
void project(
    const RowsToNormalize& rows,
    const LinearWeight& weight,
    const at::Tensor& bias,
    float* out,
    int64_t stride) {
  const int64_t dim = rows.x_TD.size(1);
  for_each_chunk(
      rows.kept.num_packed_rows(),
      weight.scratch_size() + kChunkRows * dim,
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        float* const tokens = scratch + weight.scratch_size();
        rows.normalize(first, count, tokens);
        weight.apply(
            tokens,
            count,
            bias.const_data_ptr<float>(),
            out + first * stride,
            stride,
            scratch);
      });
}

// Calls work(head of an image, scratch) for all of them.
struct ImageHead {
  kernels::AttentionShape shape;
  int64_t qkv_offset = 0;    // of the head's keys, less D, in qkv_PE
  int64_t query_offset = 0;  // of its queries, in the tensor that has them
  int64_t out_offset = 0;    // in mixed_QD
  int64_t sum_offset = 0;    // in log_sums_HQ
};

template <class Work>
void for_each_image_head(const AttentionRecord& record, Work&& work) {
  const int64_t dim = record.qkv_PE.size(1) / 3;
  const int64_t head_dim = dim / record.num_heads;
  const auto& images = record.kept.images();
  const int64_t num_queries = record.query_rows.num_packed_rows();
  kernels::AttentionShape largest{0, 0, head_dim, 3 * dim, dim};
  for (const KeptImage& image : images) {
    largest.num_tokens = std::max(largest.num_tokens, image.num_tokens);
  }
  for_each_item(
      static_cast<int64_t>(images.size()) * record.num_heads,
      kernels::attention_scratch_size(largest, products_in(record.format)),
      [&](int64_t item, float* scratch) {
        const int64_t index = item / record.num_heads;
        const int64_t head = item % record.num_heads;
        const KeptImage& image = images[static_cast<size_t>(index)];
        const int64_t query_row = record.first_only ? index : image.packed_row;
        ImageHead one;
        one.shape = largest;
        one.shape.num_tokens = image.num_tokens;
        one.shape.num_queries = record.first_only ? 1 : image.num_tokens;
        one.qkv_offset = image.packed_row * 3 * dim + head * head_dim;
        one.query_offset = record.first_only ? query_row * dim + head * head_dim
                                             : one.qkv_offset;
        one.out_offset = query_row * dim + head * head_dim;
        one.sum_offset = head * num_queries + query_row;
        work(one, scratch);
      });
}

const at::Tensor& queries_of(const AttentionRecord& record) {
  return record.first_only ? record.query_QD : record.qkv_PE;
}

// Up to what the heads give, kept in `record`.
void attend(
    const at::Tensor& x_TD,
    const AttentionParameters& p,
    AttentionRecord& record) {
  const int64_t dim = x_TD.size(1);
  const int64_t num_queries = record.query_rows.num_packed_rows();
  record.qkv_PE =
      at::empty({record.kept.num_packed_rows(), 3 * dim}, at::kFloat);
  record.mixed_QD = at::empty({num_queries, dim}, at::kFloat);
  record.log_sums_HQ = at::empty({record.num_heads, num_queries}, at::kFloat);
  const auto rows = rows_to_normalize(x_TD, p, record, record.kept);
  auto* const qkv = record.qkv_PE.data_ptr<float>();
  const auto outputs = [&](int64_t part, int64_t num_parts) {
    const int64_t first = part * dim;
    const int64_t count = num_parts * dim;
    return p.packed_qkv != nullptr
               ? p.packed_qkv->outputs(first, count)
               : LinearWeight::pack(
                     p.qkv_weight.narrow(0, first, count), record.format);
  };
  if (record.first_only) {
    record.query_QD = at::empty({num_queries, dim}, at::kFloat);
    const auto first = rows_to_normalize(x_TD, p, record, record.query_rows);
    project(
        first,
        outputs(0, 1),
        p.qkv_bias.slice(0, 0, dim),
        record.query_QD.data_ptr<float>(),
        dim);
    project(rows, outputs(1, 2), p.qkv_bias.slice(0, dim), qkv + dim, 3 * dim);
  } else {
    project(rows, outputs(0, 3), p.qkv_bias, qkv, 3 * dim);
  }
  const auto* const queries = queries_of(record).const_data_ptr<float>();
  const auto& products = products_in(record.format);
  for_each_image_head(record, [&](const ImageHead& head, float* scratch) {
    kernels::attention(
        head.shape,
        products,
        queries + head.query_offset,
        qkv + head.qkv_offset + dim,
        qkv + head.qkv_offset + 2 * dim,
        record.mixed_QD.data_ptr<float>() + head.out_offset,
        record.log_sums_HQ.data_ptr<float>() + head.sum_offset,
        scratch);
  });
}

at::Tensor run_forward(
    const at::Tensor& x_TD,
    const AttentionParameters& p,
    AttentionRecord& record) {
  attend(x_TD, p, record);
  const int64_t dim = x_TD.size(1);
  const int64_t num_queries = record.query_rows.num_packed_rows();
  const auto residual = residual_of(x_TD, record);
  auto y = with_gaps_of(record.out_rows, residual);
  const auto proj =
      LinearWeight::packed_or(p.packed_proj, p.proj_weight, record.format);
  for_each_chunk(
      num_queries,
      proj.scratch_size() + kChunkRows * dim,
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        float* const branch = scratch + proj.scratch_size();
        proj.apply(
            record.mixed_QD.const_data_ptr<float>() + first * dim,
            count,
            p.proj_bias.const_data_ptr<float>(),
            branch,
            dim,
            scratch);
        add_branch(record.out_rows, first, count, branch, residual, y);
      });
  return y;
}

// The gradient of y by x where the branch adds nothing.
at::Tensor residual_gradient(
    const at::Tensor& x_TD,
    const at::Tensor& grad_y,
    const AttentionRecord& record) {
  if (!record.first_only) {
    return grad_y.clone();
  }
  auto grad_x_TD = at::zeros_like(x_TD);
  const auto first = KeptRows(record.layout, nullptr).first_tokens();
  add_branch(
      first,
      0,
      first.num_packed_rows(),
      grad_y.const_data_ptr<float>(),
      grad_x_TD,
      grad_x_TD);
  return grad_x_TD;
}

struct LinearGradient {
  at::Tensor weight;
  at::Tensor bias;
};

// From the gradient of a projection of norm(x), [rows, out], to that of x.
LinearGradient project_backward(
    const RowsToNormalize& rows,
    const at::Tensor& grad,
    const at::Tensor& weight,
    WeightFormat format,
    int64_t first_chunk,
    at::Tensor& grad_x_TD,
    NormSums& norm) {
  const auto packed = PackedWeight::backward(weight, format);
  const int64_t dim = rows.x_TD.size(1);
  const int64_t num_rows = rows.kept.num_packed_rows();
  WeightGradient gradient(num_rows, weight.size(0), dim, format);
  for_each_chunk(
      num_rows,
      packed.scratch_size() + 2 * kChunkRows * dim,
      [&](int64_t chunk, int64_t first, int64_t count, float* scratch) {
        float* const tokens = scratch + packed.scratch_size();
        float* const grad_tokens = tokens + kChunkRows * dim;
        const int64_t stride = grad.stride(0);
        const float* const grad_out =
            grad.const_data_ptr<float>() + first * stride;
        rows.normalize(first, count, tokens);
        gradient.add(first, count, grad_out, stride, tokens);
        packed.multiply(
            {grad_out, stride},
            count,
            GemmInit::kReplace,
            nullptr,
            grad_tokens,
            dim,
            scratch);
        rows.add_gradient(
            first_chunk + chunk, first, count, grad_tokens, grad_x_TD, norm);
      });
  return {gradient.weight(), gradient.bias()};
}

struct MixedGradient {
  at::Tensor grad_mixed_QD;
  LinearGradient proj;
};

MixedGradient proj_backward(
    const at::Tensor& grad_y,
    const at::Tensor& proj_weight,
    const AttentionRecord& record) {
  const int64_t dim = grad_y.size(1);
  const int64_t num_rows = record.out_rows.num_packed_rows();
  const auto packed = PackedWeight::backward(proj_weight, record.format);
  const auto grad_mixed_QD = at::empty({num_rows, dim}, at::kFloat);
  WeightGradient gradient(num_rows, dim, dim, record.format);
  for_each_chunk(
      num_rows,
      packed.scratch_size() + kChunkRows * dim,
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        float* const grad_out = scratch + packed.scratch_size();
        scale_branch(record.out_rows, first, count, grad_y, grad_out);
        gradient.add(
            first,
            count,
            grad_out,
            dim,
            record.mixed_QD.const_data_ptr<float>() + first * dim);
        packed.multiply(
            {grad_out, dim},
            count,
            GemmInit::kReplace,
            nullptr,
            grad_mixed_QD.data_ptr<float>() + first * dim,
            dim,
            scratch);
      });
  return {grad_mixed_QD, {gradient.weight(), gradient.bias()}};
}

variable_list run_backward(
    const at::Tensor& x_TD,
    const AttentionParameters& p,
    const at::Tensor& grad_y,
    AttentionRecord& record) {
  NADIR_ASSERT(!record.is_taken);  // what it needs is given back meanwhile
  record.is_taken = true;
  if (record.recomputes) {
    attend(x_TD, p, record);
  }
  const int64_t dim = x_TD.size(1);
  const int64_t num_rows = record.kept.num_packed_rows();
  const int64_t num_queries = record.query_rows.num_packed_rows();
  const auto mixed = proj_backward(grad_y, p.proj_weight, record);
  const auto grad_qkv_PE = record.first_only
                               ? at::zeros({num_rows, 3 * dim}, at::kFloat)
                               : at::empty({num_rows, 3 * dim}, at::kFloat);
  const auto grad_query_QD = record.first_only
                                 ? at::empty({num_queries, dim}, at::kFloat)
                                 : grad_qkv_PE;
  const auto* const qkv = record.qkv_PE.const_data_ptr<float>();
  const auto* const queries = queries_of(record).const_data_ptr<float>();
  auto* const grad_qkv = grad_qkv_PE.data_ptr<float>();
  const auto& products = products_in(record.format);
  for_each_image_head(record, [&](const ImageHead& head, float* scratch) {
    kernels::attention_backward(
        head.shape,
        products,
        queries + head.query_offset,
        qkv + head.qkv_offset + dim,
        qkv + head.qkv_offset + 2 * dim,
        record.mixed_QD.const_data_ptr<float>() + head.out_offset,
        record.log_sums_HQ.const_data_ptr<float>() + head.sum_offset,
        mixed.grad_mixed_QD.const_data_ptr<float>() + head.out_offset,
        grad_query_QD.data_ptr<float>() + head.query_offset,
        grad_qkv + head.qkv_offset + dim,
        grad_qkv + head.qkv_offset + 2 * dim,
        scratch);
  });
  record.forget();
  auto grad_x_TD = residual_gradient(x_TD, grad_y, record);
  const int64_t num_chunks = num_chunks_of(num_rows);
  NormSums norm(num_chunks + num_chunks_of(num_queries), dim);
  const auto rows = rows_to_normalize(x_TD, p, record, record.kept);
  LinearGradient qkv_gradient;
  if (record.first_only) {
    const auto first = rows_to_normalize(x_TD, p, record, record.query_rows);
    const auto of_keys = project_backward(
        rows,
        grad_qkv_PE.slice(1, dim),
        p.qkv_weight.slice(0, dim),
        record.format,
        0,
        grad_x_TD,
        norm);
    const auto of_queries = project_backward(
        first,
        grad_query_QD,
        p.qkv_weight.slice(0, 0, dim),
        record.format,
        num_chunks,
        grad_x_TD,
        norm);
    qkv_gradient = {
        at::cat({of_queries.weight, of_keys.weight}),
        at::cat({of_queries.bias, of_keys.bias})};
  } else {
    qkv_gradient = project_backward(
        rows, grad_qkv_PE, p.qkv_weight, record.format, 0, grad_x_TD, norm);
  }
  return {
      grad_x_TD,
      norm.weight.total(),
      norm.bias.total(),
      qkv_gradient.weight,
      qkv_gradient.bias,
      mixed.proj.weight,
      mixed.proj.bias,
      {}};
}

class AttentionBranch : public torch::autograd::Function<AttentionBranch> {
 public:
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x_TD,
      const at::Tensor& norm_weight,
      const at::Tensor& norm_bias,
      const at::Tensor& qkv_weight,
      const at::Tensor& qkv_bias,
      const at::Tensor& proj_weight,
      const at::Tensor& proj_bias,
      const c10::intrusive_ptr<AttentionRecord>& record) {
    context->save_for_backward(
        {x_TD, norm_weight, norm_bias, qkv_weight, qkv_bias, proj_weight});
    context->saved_data["record"] = c10::IValue::make_capsule(record);
    const auto y = run_forward(
        x_TD,
        {norm_weight, norm_bias, qkv_weight, qkv_bias, proj_weight, proj_bias},
        *record);
    if (record->recomputes) {
      record->forget();
    }
    return y;
  }

  static variable_list backward(
      AutogradContext* context, variable_list grad_outputs) {
    const auto saved = context->get_saved_variables();
    const auto record = c10::static_intrusive_pointer_cast<AttentionRecord>(
        context->saved_data["record"].toCapsule());
    return run_backward(
        saved[0],
        {saved[1], saved[2], saved[3], saved[4], saved[5], {}},
        grad_outputs[0].contiguous(),
        *record);
  }
};

}  // namespace

at::Tensor attention_branch(
    const at::Tensor& x_TD,
    const AttentionParameters& parameters,
    const TokenLayout& layout,
    const at::Tensor& factors_B,
    bool first_tokens_only,
    bool recomputes) {
  const auto& p = parameters;
  auto record = c10::make_intrusive<AttentionRecord>(
      layout, factors_or_null(factors_B), first_tokens_only, p, recomputes);
  const auto x = x_TD.contiguous();
  const bool is_frozen = p.packed_qkv != nullptr;
  NADIR_ASSERT(!is_frozen || !x.requires_grad());
  if (is_frozen || !at::GradMode::is_enabled()) {
    return run_forward(x, p, *record);
  }
  return AttentionBranch::apply(
      x,
      p.norm_weight,
      p.norm_bias,
      p.qkv_weight,
      p.qkv_bias,
      p.proj_weight,
      p.proj_bias,
      record);
}

}  // namespace nadir::ops
