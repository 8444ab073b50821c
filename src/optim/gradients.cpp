#include "optim/gradients.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace nadir::optim {
namespace {

constexpr double kClipEps = 1e-6;

}  // namespace

GradientNorms clip_gradients(
    const std::vector<ParameterGroup>& groups, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  std::vector<const std::string*> names;
  for (const ParameterGroup& group : groups) {
    for (size_t i = 0; i < group.tensors.size(); ++i) {
      const at::Tensor& gradient = group.tensors[i].grad();
      if (gradient.defined()) {
        gradients.push_back(gradient);
        names.push_back(&group.names[i]);
      }
    }
  }
  GradientNorms result;
  if (gradients.empty()) {
    return result;
  }
  // One transfer for all norms.
  const auto norms =
      at::stack(at::_foreach_norm(gradients, 2)).to(at::kCPU, at::kDouble);
  const auto values = norms.accessor<double, 1>();
  double sum_of_squares = 0;
  std::vector<at::Tensor> too_large;
  std::vector<at::Scalar> factors;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const double norm = values[static_cast<int64_t>(i)];
    sum_of_squares += norm * norm;
    result.is_finite = result.is_finite && std::isfinite(norm);
    if (norm > result.largest || result.largest_name.empty() ||
        std::isnan(norm)) {
      result.largest = norm;
      result.largest_name = *names[i];
    }
    const double factor = max_norm / (norm + kClipEps);
    if (max_norm > 0 && factor < 1) {
      too_large.push_back(gradients[i]);
      factors.emplace_back(factor);
      ++result.num_clipped;
    }
  }
  if (!too_large.empty()) {
    at::_foreach_mul_(too_large, factors);  // few launches on a GPU
  }
  result.total = std::sqrt(sum_of_squares);
  return result;
}

void drop_last_layer_gradients(const std::vector<ParameterGroup>& groups) {
  for (const ParameterGroup& group : groups) {
    for (size_t i = 0; i < group.tensors.size(); ++i) {
      if (group.names[i].find("last_layer") != std::string::npos) {
        group.tensors[i].mutable_grad().reset();
      }
    }
  }
}

void drop_gradients(const std::vector<ParameterGroup>& groups) {
  for (const ParameterGroup& group : groups) {
    for (const at::Tensor& tensor : group.tensors) {
      tensor.mutable_grad().reset();
    }
  }
}

}  // namespace nadir::optim
