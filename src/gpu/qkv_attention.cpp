#include "gpu/qkv_attention.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "gpu/token_kernels.h"

namespace nadir::gpu {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// LibTorch's own graph of the attention alone, for its gradient.
struct AttentionGraph : torch::CustomClassHolder {
  variable_list inputs;   // queries, keys, values of each group, [B, H, N, d]
  variable_list outputs;  // of each group, the same
};

// Not seen by autograd.
struct AttentionOptions {
  const ops::TokenLayout& layout;
  int64_t num_heads = 1;
  bool needs_grad = false;
};

class QkvAttention : public torch::autograd::Function<QkvAttention> {
 public:
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x_TD,
      const at::Tensor& weight,
      const at::Tensor& bias,
      const AttentionOptions& options) {
    const int64_t dim = x_TD.size(1);
    const auto rounded = weight.to(at::kBFloat16);
    const auto qkv = at::linear(x_TD, rounded, bias.to(at::kBFloat16));
    auto graph = c10::make_intrusive<AttentionGraph>();
    variable_list rows;
    int64_t row = 0;
    for (const auto& group : options.layout.groups) {
      const int64_t count = group.num_images * group.num_tokens;
      const auto parts = qkv.narrow(0, row, count)
                             .view(
                                 {group.num_images,
                                  group.num_tokens,
                                  3,
                                  options.num_heads,
                                  dim / options.num_heads})
                             .permute({2, 0, 3, 1, 4})
                             .unbind(0);
      const at::AutoGradMode with_graph(options.needs_grad);
      variable_list own;
      for (const auto& part : parts) {
        own.push_back(part.detach().set_requires_grad(options.needs_grad));
      }
      const auto mixed =
          at::scaled_dot_product_attention(own[0], own[1], own[2]);
      rows.push_back(mixed.detach().transpose(1, 2).reshape({count, dim}));
      if (options.needs_grad) {
        graph->inputs.insert(graph->inputs.end(), own.begin(), own.end());
        graph->outputs.push_back(mixed);
      }
      row += count;
    }
    context->save_for_backward({x_TD, rounded});
    context->saved_data["graph"] = c10::IValue::make_capsule(graph);
    return rows.size() == 1 ? rows.front() : at::cat(rows);
  }

  static variable_list backward(
      AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto graph = c10::static_intrusive_pointer_cast<AttentionGraph>(
        context->saved_data["graph"].toCapsule());
    variable_list grad_outputs;
    int64_t row = 0;
    for (const auto& output : graph->outputs) {
      const int64_t count = output.size(0) * output.size(2);
      grad_outputs.push_back(gradients[0]
                                 .narrow(0, row, count)
                                 .view(
                                     {output.size(0),
                                      output.size(2),
                                      output.size(1),
                                      output.size(3)})
                                 .transpose(1, 2));
      row += count;
    }
    const auto parts =
        torch::autograd::grad(graph->outputs, graph->inputs, grad_outputs);
    graph->inputs.clear();
    graph->outputs.clear();
    std::vector<std::array<at::Tensor, 3>> groups;
    for (size_t i = 0; i < parts.size(); i += 3) {
      groups.push_back({parts[i], parts[i + 1], parts[i + 2]});
    }
    const auto joined = join_qkv(groups);
    return {
        at::mm(joined.rows, saved[1]),
        at::mm(joined.rows.t(), saved[0], at::kFloat),
        joined.bias,
        at::Tensor()};
  }
};

}  // namespace

at::Tensor qkv_attention(
    const at::Tensor& x_TD,
    const at::Tensor& weight,
    const at::Tensor& bias,
    const ops::TokenLayout& layout,
    int64_t num_heads) {
  const bool needs_grad =
      at::GradMode::is_enabled() &&
      (x_TD.requires_grad() || weight.requires_grad() || bias.requires_grad());
  return QkvAttention::apply(
      x_TD, weight, bias, AttentionOptions{layout, num_heads, needs_grad});
}

}  // namespace nadir::gpu
