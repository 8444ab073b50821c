#include "ssl/ema_teacher.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"

namespace nadir::ssl {
namespace {

double norm_of(at::TensorList tensors) {
  const auto norms = at::_foreach_norm(tensors, 2);
  return at::stack(norms).to(at::kDouble).norm().item<double>();
}

}  // namespace

EmaTeacher::EmaTeacher(const MultiCropNetwork& student) {
  const at::NoGradGuard no_grad;
  network_ = std::make_shared<MultiCropNetwork>(
      student.backbone().config(), student.head().config());
  const auto sources = student.named_parameters();
  network_->to(student.parameters().front().device());
  for (auto& item : network_->named_parameters()) {
    item.tensor.copy_(sources[item.name]);
    item.tensor.requires_grad_(false);
  }
  const auto buffers = student.named_buffers();
  for (auto& item : network_->named_buffers()) {
    item.tensor.copy_(buffers[item.name]);
  }
  parameters_ = network_->parameters();
}

void EmaTeacher::update(const MultiCropNetwork& student, double momentum) {
  NADIR_CHECK(
      momentum >= 0 && momentum <= 1,
      "momentum_teacher must be in [0, 1], got {}",
      momentum);
  const at::NoGradGuard no_grad;
  at::_foreach_lerp_(parameters_, student.parameters(), 1 - momentum);
}

double EmaTeacher::relative_distance(const MultiCropNetwork& student) const {
  const at::NoGradGuard no_grad;
  const auto student_parameters = student.parameters();
  const auto differences = at::_foreach_sub(parameters_, student_parameters);
  return norm_of(differences) / norm_of(student_parameters);
}

}  // namespace nadir::ssl
