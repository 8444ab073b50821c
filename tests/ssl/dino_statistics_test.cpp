#include "ssl/dino_statistics.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ssl/dino_loss.h"
#include "support/torch_tensors.h"

namespace nadir::ssl {
namespace {

TEST(DinoStatistics, AreAtChanceForZeroLogits) {
  const DinoLoss loss(1024, {});
  DinoStatistics statistics;
  static_cast<void>(loss.forward(
      at::zeros({4, 2, 1024}), at::zeros({2, 2, 1024}), 0.04, &statistics));
  const double chance = std::log(1024.0);
  EXPECT_NEAR(statistics.loss, chance, 1e-6);
  EXPECT_NEAR(statistics.teacher_entropy, chance, 1e-6);
  EXPECT_NEAR(statistics.student_entropy, chance, 1e-6);
  EXPECT_NEAR(statistics.batch_entropy(), chance, 1e-6);
  EXPECT_NEAR(statistics.kl, 0, 1e-6);
}

TEST(DinoStatistics, EqualTheirDefinitionsInDoublePrecision) {
  const DinoLoss loss(40, {});
  const auto student = 0.3 * random_tensor({5, 3, 40}, 1);
  const auto teacher = 0.3 * random_tensor({2, 3, 40}, 2);
  DinoStatistics statistics;
  const double value =
      loss.forward(student, teacher, 0.1, &statistics).item<double>();
  const auto q = (teacher.to(at::kDouble) / 0.1).softmax(-1);
  const auto p = (student.to(at::kDouble) / 0.1).softmax(-1);
  const auto entropy = [](const at::Tensor& x) {
    return -(x * x.log()).sum(-1).mean().item<double>();
  };
  double kl = 0;
  for (int64_t g = 0; g < 2; ++g) {
    for (int64_t v = 0; v < 5; ++v) {
      if (v != g) {
        kl += (q[g] * (q[g] / p[v]).log()).sum(-1).mean().item<double>() / 8;
      }
    }
  }
  EXPECT_EQ(statistics.loss, value);
  EXPECT_NEAR(statistics.teacher_entropy, entropy(q), 1e-5);
  EXPECT_NEAR(statistics.student_entropy, entropy(p), 1e-5);
  EXPECT_NEAR(
      statistics.batch_entropy(), entropy(q.mean(at::IntArrayRef{0, 1})), 1e-5);
  EXPECT_NEAR(statistics.kl, kl, 1e-5);
  ASSERT_EQ(statistics.prototypes.size(), 6U);
  EXPECT_EQ(statistics.prototypes[4], teacher[1][1].argmax().item<int64_t>());
}

TEST(DinoStatistics, ShowACollapseToOnePrototype) {
  auto logits = at::zeros({2, 4, 64});
  logits.select(2, 7).fill_(100);
  const DinoLoss loss(64, {});
  DinoStatistics statistics;
  static_cast<void>(
      loss.forward(logits.repeat({2, 1, 1}), logits, 0.04, &statistics));
  EXPECT_NEAR(statistics.loss, 0, 1e-6);
  EXPECT_NEAR(statistics.teacher_entropy, 0, 1e-6);
  EXPECT_NEAR(statistics.batch_entropy(), 0, 1e-6);
  EXPECT_EQ(statistics.prototypes, std::vector<int64_t>(8, 7));
}

TEST(PrototypeUsage, CountsDistinctPrototypesInItsWindow) {
  PrototypeUsage usage(100, 4);
  EXPECT_EQ(usage.share(), 0);
  usage.add({1, 1, 2});
  EXPECT_EQ(usage.num_used(), 2);
  EXPECT_DOUBLE_EQ(usage.share(), 2.0 / 3);
  usage.add({3, 4, 5});  // the window now holds 2, 3, 4, 5
  EXPECT_EQ(usage.num_used(), 4);
  usage.add({9, 9, 9, 9});
  EXPECT_DOUBLE_EQ(usage.share(), 0.25);
}

TEST(PrototypeUsage, IsFullWhenAFewPrototypesAreAllInUse) {
  PrototypeUsage usage(2, 100);
  usage.add({0, 1, 0, 1, 1});
  EXPECT_EQ(usage.share(), 1);
}

}  // namespace
}  // namespace nadir::ssl
