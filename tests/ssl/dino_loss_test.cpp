#include "ssl/dino_loss.h"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/torch_tensors.h"

namespace nadir::ssl {
namespace {

constexpr double kStudentTemp = 0.1;

std::vector<double> softmax(
    const at::Tensor& logits_K, const at::Tensor& center_K, double temp) {
  const int64_t count = logits_K.size(0);
  std::vector<double> values(static_cast<size_t>(count));
  double sum = 0;
  for (int64_t k = 0; k < count; ++k) {
    const double logit =
        logits_K[k].item<double>() - center_K[k].item<double>();
    values[static_cast<size_t>(k)] = std::exp(logit / temp);
    sum += values[static_cast<size_t>(k)];
  }
  for (double& value : values) {
    value /= sum;
  }
  return values;
}

// The definition in plain loops and double precision.
double reference_loss(
    const at::Tensor& student_VBK,
    const at::Tensor& teacher_GBK,
    const at::Tensor& center_K,
    double teacher_temp) {
  const auto zero = at::zeros_like(center_K);
  double sum = 0;
  int64_t num_pairs = 0;
  for (int64_t g = 0; g < teacher_GBK.size(0); ++g) {
    for (int64_t v = 0; v < student_VBK.size(0); ++v) {
      if (v == g) {
        continue;
      }
      ++num_pairs;
      for (int64_t b = 0; b < student_VBK.size(1); ++b) {
        const auto q = softmax(teacher_GBK[g][b], center_K, teacher_temp);
        const auto p = softmax(student_VBK[v][b], zero, kStudentTemp);
        for (size_t k = 0; k < q.size(); ++k) {
          sum -= q[k] * std::log(p[k]);
        }
      }
    }
  }
  return sum / static_cast<double>(num_pairs * student_VBK.size(1));
}

TEST(DinoLoss, IsTheLogarithmOfKForZeroLogits) {
  for (const int64_t num_prototypes : {1024, 4096, 65536}) {
    const DinoLoss loss(num_prototypes, {});
    const double value = loss.forward(
                                 at::zeros({10, 2, num_prototypes}),
                                 at::zeros({2, 2, num_prototypes}),
                                 0.04)
                             .item<double>();
    // float32 has 24 bits: nothing but the rounding of ln K itself.
    EXPECT_NEAR(value, std::log(static_cast<double>(num_prototypes)), 1e-6);
  }
}

TEST(DinoLoss, EqualsADoublePrecisionReference) {
  DinoLoss loss(50, {});
  loss.accumulate_center(random_tensor({2, 3, 50}, 1));
  loss.apply_center_update();
  // 2 + 8 views, 2 + 1, and three teacher views.
  for (const auto& [num_views, num_teacher] :
       {std::pair<int64_t, int64_t>{10, 2}, {3, 2}, {5, 3}}) {
    const auto student = 0.3 * random_tensor({num_views, 3, 50}, 2);
    const auto teacher = 0.3 * random_tensor({num_teacher, 3, 50}, 3);
    const double expected =
        reference_loss(student, teacher, loss.center()[0], 0.07);
    EXPECT_NEAR(
        loss.forward(student, teacher, 0.07).item<double>(),
        expected,
        1e-6 * expected)
        << num_views << " views, " << num_teacher << " of the teacher";
  }
}

TEST(DinoLoss, SkipsPairsOfTheSameView) {
  const DinoLoss loss(16, {});
  const auto student = random_tensor({2, 1, 16}, 4);
  auto teacher = random_tensor({2, 1, 16}, 5);
  // With two views each, view 0 learns from teacher view 1 only.
  auto leaf = student.clone().requires_grad_();
  loss.forward(leaf, teacher, 0.1).backward();
  const auto grad = leaf.grad().clone();
  teacher[0] = random_tensor({1, 16}, 6);
  leaf.mutable_grad().reset();
  loss.forward(leaf, teacher, 0.1).backward();
  EXPECT_TRUE(at::equal(grad[0], leaf.grad()[0]));
  EXPECT_FALSE(at::equal(grad[1], leaf.grad()[1]));
}

TEST(DinoLoss, HasTheGradientOfFiniteDifferences) {
  const DinoLoss loss(20, {});
  for (const int64_t num_teacher : {2, 3}) {
    const auto teacher = 0.2 * random_tensor({num_teacher, 2, 20}, 7);
    auto student = (0.2 * random_tensor({6, 2, 20}, 8)).requires_grad_();
    loss.forward(student, teacher, 0.05).backward();
    const auto values = student.detach().to(at::kDouble);
    const auto zero = at::zeros({20});
    constexpr double kStep = 1e-5;
    for (int64_t v = 0; v < 6; ++v) {
      auto above = values.clone();
      above[v][1][3] += kStep;
      auto below = values.clone();
      below[v][1][3] -= kStep;
      const double expected = (reference_loss(above, teacher, zero, 0.05) -
                               reference_loss(below, teacher, zero, 0.05)) /
                              (2 * kStep);
      EXPECT_NEAR(student.grad()[v][1][3].item<double>(), expected, 1e-6);
    }
  }
}

TEST(DinoLoss, ScalesItsGradientWithWhatComesBack) {
  const DinoLoss loss(20, {});
  const auto teacher = random_tensor({2, 2, 20}, 9);
  const auto grad_of = [&](double scale) {
    auto student = random_tensor({4, 2, 20}, 10).requires_grad_();
    (loss.forward(student, teacher, 0.05) * scale).backward();
    return student.grad();
  };
  EXPECT_LT(max_difference(grad_of(0.25), 0.25 * grad_of(1)), 1e-9);
}

TEST(DinoLoss, AddsUpOverPartsOfTheViews) {
  DinoLoss loss(20, {});
  loss.accumulate_center(random_tensor({2, 3, 20}, 20));
  loss.apply_center_update();
  const auto teacher = random_tensor({2, 3, 20}, 21);
  auto whole = random_tensor({6, 3, 20}, 22).requires_grad_();
  auto parts = whole.detach().clone().requires_grad_();
  DinoStatistics expected;
  const auto value = loss.forward(whole, teacher, 0.05, &expected);
  value.backward();

  DinoStatistics statistics;
  statistics.loss = 7;  // of another micro-batch: to be forgotten
  const auto targets = loss.targets(teacher, 0.05, &statistics);
  double sum = 0;
  // A part that ends among the teacher's views, and one of a single view.
  for (const auto& [first, end] :
       {std::pair<int64_t, int64_t>{0, 1}, {1, 5}, {5, 6}}) {
    const auto share = loss.forward(
        {parts.slice(0, first, end), first, 6}, targets, &statistics);
    share.backward();
    sum += share.item<double>();
  }
  // float32 rounds each share.
  constexpr double kRounding = 1e-6;
  EXPECT_NEAR(sum, value.item<double>(), kRounding);
  EXPECT_TRUE(at::equal(parts.grad(), whole.grad()));
  EXPECT_NEAR(statistics.loss, expected.loss, kRounding);
  EXPECT_NEAR(statistics.kl, expected.kl, kRounding);
  EXPECT_NEAR(statistics.student_entropy, expected.student_entropy, 1e-12);
  EXPECT_EQ(statistics.teacher_entropy, expected.teacher_entropy);
  EXPECT_EQ(statistics.prototypes, expected.prototypes);
}

TEST(DinoLoss, GivesTheTeacherNoGradient) {
  const DinoLoss loss(20, {});
  auto teacher = random_tensor({2, 2, 20}, 9).requires_grad_();
  auto student = random_tensor({4, 2, 20}, 10).requires_grad_();
  loss.forward(student, teacher, 0.05).backward();
  EXPECT_FALSE(teacher.grad().defined());
  EXPECT_FALSE(loss.forward(student.detach(), teacher, 0.05).requires_grad());
}

TEST(DinoLoss, TakesHalfPrecisionLogitsToFloat) {
  const DinoLoss loss(64, {});
  const auto teacher = random_tensor({2, 2, 64}, 11).to(at::kBFloat16);
  auto student = random_tensor({4, 2, 64}, 12).to(at::kBFloat16);
  student.requires_grad_();
  const auto value = loss.forward(student, teacher, 0.05);
  EXPECT_EQ(value.scalar_type(), at::kFloat);
  EXPECT_NEAR(
      value.item<double>(),
      loss.forward(student.detach().to(at::kFloat), teacher, 0.05)
          .item<double>(),
      1e-5);
  value.backward();
  EXPECT_EQ(student.grad().scalar_type(), at::kBFloat16);
}

TEST(DinoLoss, StaysFiniteForLogitsThatOverflowAnExponential) {
  const DinoLoss loss(32, {});
  auto student = (1e4 * random_tensor({4, 2, 32}, 13)).requires_grad_();
  const auto value =
      loss.forward(student, 1e4 * random_tensor({2, 2, 32}, 14), 0.04);
  value.backward();
  EXPECT_TRUE(std::isfinite(value.item<double>()));
  EXPECT_TRUE(student.grad().isfinite().all().item<bool>());
}

TEST(DinoLoss, MovesTheCenterATenthOfTheWayToTheMeanLogits) {
  DinoLoss loss(8, {});
  const auto teacher = random_tensor({2, 3, 8}, 15);
  loss.accumulate_center(teacher);
  loss.apply_center_update();
  const auto mean = teacher.mean(at::IntArrayRef{0, 1});
  EXPECT_LT(max_difference(loss.center()[0], 0.1 * mean), 1e-7);
  loss.accumulate_center(at::zeros({2, 3, 8}));
  loss.apply_center_update();
  EXPECT_LT(max_difference(loss.center()[0], 0.09 * mean), 1e-7);
}

TEST(DinoLoss, CentersMicroBatchesAsTheLargeBatch) {
  const auto teacher = random_tensor({2, 12, 32}, 16);
  DinoLoss whole(32, {});
  whole.accumulate_center(teacher);
  whole.apply_center_update();
  DinoLoss parts(32, {});
  // Unequal parts: the mean is over logits, not over micro-batches.
  for (const auto& [begin, end] :
       {std::pair<int64_t, int64_t>{0, 5}, {5, 9}, {9, 12}}) {
    parts.accumulate_center(teacher.slice(1, begin, end));
    EXPECT_EQ(parts.center().abs().max().item<double>(), 0);
  }
  parts.apply_center_update();
  EXPECT_LT(max_difference(whole.center(), parts.center()), 1e-7);
}

TEST(DinoLoss, ForgetsTheLogitsOfASkippedStep) {
  DinoLoss loss(8, {});
  const auto teacher = random_tensor({2, 3, 8}, 19);
  loss.accumulate_center(100 * teacher);
  loss.discard_center_update();
  EXPECT_THROW(loss.apply_center_update(), Error);
  loss.accumulate_center(teacher);
  loss.apply_center_update();
  EXPECT_LT(
      max_difference(
          loss.center()[0], 0.1 * teacher.mean(at::IntArrayRef{0, 1})),
      1e-7);
}

TEST(DinoLoss, KeepsTheTeachersLogitsUntouchedByTheCenter) {
  DinoLoss loss(8, {});
  const auto teacher = random_tensor({2, 3, 8}, 17);
  const auto copy = teacher.clone();
  loss.accumulate_center(teacher);
  loss.accumulate_center(teacher);
  loss.apply_center_update();
  static_cast<void>(loss.forward(random_tensor({3, 3, 8}, 18), teacher, 0.04));
  EXPECT_TRUE(at::equal(teacher, copy));
}

TEST(DinoLoss, RegistersTheCenterForCheckpoints) {
  const DinoLoss loss(8, {});
  ASSERT_EQ(loss.named_buffers().size(), 1U);
  EXPECT_EQ(loss.named_buffers()["center"].sizes(), at::IntArrayRef({1, 8}));
}

TEST(DinoLoss, RefusesWhatItCannotCompute) {
  const DinoLoss loss(8, {});
  const auto forward = [&](at::IntArrayRef student, at::IntArrayRef teacher) {
    static_cast<void>(
        loss.forward(at::zeros(student), at::zeros(teacher), 0.04));
  };
  EXPECT_THROW(forward({1, 3, 8}, {1, 3, 8}), Error);  // no pair across views
  EXPECT_THROW(forward({2, 3, 8}, {3, 3, 8}), Error);
  EXPECT_THROW(forward({4, 3, 8}, {2, 2, 8}), Error);
  EXPECT_THROW(forward({4, 3, 9}, {2, 3, 9}), Error);
  const auto targets = loss.targets(at::zeros({2, 3, 8}), 0.04);
  const auto forward_part = [&](int64_t first, int64_t num_views) {
    static_cast<void>(
        loss.forward({at::zeros({2, 3, 8}), first, num_views}, targets));
  };
  EXPECT_NO_THROW(forward_part(2, 4));
  EXPECT_THROW(forward_part(3, 4), Error);
  EXPECT_THROW(forward_part(-1, 4), Error);
  EXPECT_THROW(forward_part(0, 1), Error);
  EXPECT_THROW(DinoLoss(8, {.student_temp = 0}), Error);
  EXPECT_THROW(DinoLoss(8, {.center_momentum = 1}), Error);
  DinoLoss without_logits(8, {});
  EXPECT_THROW(without_logits.apply_center_update(), Error);
}

}  // namespace
}  // namespace nadir::ssl
