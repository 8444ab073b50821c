#include "ssl/ema_teacher.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "ssl/tiny_network.h"
#include "support/torch_tensors.h"

namespace nadir::ssl {
namespace {

void add_to_all(const MultiCropNetwork& network, double value) {
  const at::NoGradGuard no_grad;
  for (const auto& parameter : network.parameters()) {
    parameter.add_(value);
  }
}

TEST(EmaTeacher, StartsAsACopyThatTakesNoGradient) {
  MultiCropNetwork student = make_tiny_network();
  const EmaTeacher teacher(student);
  const auto theirs = student.named_parameters();
  for (const auto& item : teacher.network().named_parameters()) {
    EXPECT_TRUE(at::equal(item.tensor, theirs[item.name])) << item.name;
    EXPECT_FALSE(item.tensor.requires_grad()) << item.name;
    EXPECT_FALSE(item.tensor.is_alias_of(theirs[item.name])) << item.name;
  }
  EXPECT_EQ(teacher.relative_distance(student), 0);
}

TEST(EmaTeacher, MovesByOneMinusTheMomentum) {
  MultiCropNetwork student = make_tiny_network();
  EmaTeacher teacher(student);
  std::vector<at::Tensor> before;
  for (const auto& parameter : student.parameters()) {
    before.push_back(parameter.detach().clone());
  }
  add_to_all(student, 1);
  teacher.update(student, 0.75);
  const auto after = teacher.network().parameters();
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_LT(max_difference(after[i], before[i] + 0.25), 1e-6);
  }
  teacher.update(student, 1);
  EXPECT_LT(max_difference(after[0], before[0] + 0.25), 1e-6);
  teacher.update(student, 0);
  EXPECT_LT(teacher.relative_distance(student), 1e-6);
}

TEST(EmaTeacher, LeavesBuffersAlone) {
  MultiCropNetwork student = make_tiny_network(/*use_bn_in_head=*/true);
  EmaTeacher teacher(student);
  const char* const name = "head.mlp.1.running_mean";
  student.named_buffers()[name].fill_(5);
  teacher.update(student, 0.5);
  EXPECT_EQ(
      teacher.network().named_buffers()[name].abs().max().item<double>(), 0);
}

TEST(EmaTeacher, MeasuresItsDistanceRelativeToTheStudent) {
  MultiCropNetwork student = make_tiny_network();
  const EmaTeacher teacher(student);
  add_to_all(student, 0.01);
  double squares = 0;
  double num_values = 0;
  for (const auto& parameter : student.parameters()) {
    squares += parameter.detach().to(at::kDouble).pow(2).sum().item<double>();
    num_values += static_cast<double>(parameter.numel());
  }
  EXPECT_NEAR(
      teacher.relative_distance(student),
      0.01 * std::sqrt(num_values / squares),
      1e-4);
}

TEST(EmaTeacher, RefusesAMomentumOutOfRange) {
  MultiCropNetwork student = make_tiny_network();
  EmaTeacher teacher(student);
  EXPECT_THROW(teacher.update(student, 1.01), Error);
  EXPECT_THROW(teacher.update(student, -0.1), Error);
}

}  // namespace
}  // namespace nadir::ssl
