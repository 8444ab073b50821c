#include "distributed/sum_over_ranks.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace nadir::distributed {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr const char* kGroup = "group";

at::Tensor summed(const at::Tensor& values, const Communicator& group) {
  auto sum = values.detach().clone(at::MemoryFormat::Contiguous);
  group.sum(sum);
  return sum;
}

struct SumOverRanks : torch::autograd::Function<SumOverRanks> {
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& values,
      const Communicator* group) {
    context->saved_data[kGroup] =
        static_cast<int64_t>(reinterpret_cast<intptr_t>(group));
    return summed(values, *group);
  }

  static variable_list backward(
      AutogradContext* context, const variable_list& gradients) {
    const auto* group = reinterpret_cast<const Communicator*>(
        static_cast<intptr_t>(context->saved_data[kGroup].toInt()));
    return {summed(gradients[0], *group), at::Tensor()};
  }
};

}  // namespace

at::Tensor sum_over_ranks(const at::Tensor& values, const Communicator& group) {
  return SumOverRanks::apply(values, &group);
}

}  // namespace nadir::distributed
