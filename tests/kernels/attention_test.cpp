// Against plain loops in float64, and finite differences of those.
#include "kernels/attention.h"

#include <cmath>

#include "core/aligned.h"
#include "kernels/bf16_gemm.h"
#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

struct Head {
  explicit Head(const AttentionShape& head_shape)
      : shape(head_shape), qkv(shape.num_tokens * shape.stride) {
    RandomStream random(1, StreamPurpose::kTest, 15);
    for (double& value : qkv) {
      value = random.uniform(-2, 2);
    }
  }

  // Query, key or value number `part` of a token.
  double& at(int64_t part, int64_t token, int64_t i) {
    return qkv[token * shape.stride + part * shape.head_dim + i];
  }

  // out [num_queries, head_dim]
  std::vector<double> attend() {
    std::vector<double> out(shape.num_queries * shape.head_dim);
    for (int64_t query = 0; query < shape.num_queries; ++query) {
      std::vector<double> weights(shape.num_tokens);
      double sum = 0;
      for (int64_t key = 0; key < shape.num_tokens; ++key) {
        double score = 0;
        for (int64_t i = 0; i < shape.head_dim; ++i) {
          score += at(0, query, i) * at(1, key, i);
        }
        weights[key] =
            std::exp(score / std::sqrt(static_cast<double>(shape.head_dim)));
        sum += weights[key];
      }
      for (int64_t key = 0; key < shape.num_tokens; ++key) {
        for (int64_t i = 0; i < shape.head_dim; ++i) {
          out[query * shape.head_dim + i] += weights[key] / sum * at(2, key, i);
        }
      }
    }
    return out;
  }

  AttentionShape shape;
  std::vector<double> qkv;
};

struct Outputs {
  std::vector<float> out;
  std::vector<float> grad_qkv;
};

// The gradient is that of the sum of out * (1 + index % 3).
float weight_of(size_t index) {
  return 1 + static_cast<float>(index % 3);
}

Outputs run_kernel(
    const Head& head, const Products& products = float32_products) {
  const auto& shape = head.shape;
  const std::vector<float> qkv(head.qkv.begin(), head.qkv.end());
  Outputs outputs;
  outputs.out.resize(shape.num_queries * shape.out_stride);
  outputs.grad_qkv.resize(qkv.size());
  std::vector<float> grad_out(outputs.out.size());
  for (size_t i = 0; i < grad_out.size(); ++i) {
    grad_out[i] = weight_of(i);
  }
  std::vector<float> log_sums(shape.num_queries);
  AlignedFloats scratch(attention_scratch_size(shape, products));
  const float* const q = qkv.data();
  const int64_t h = shape.head_dim;
  attention(
      shape,
      products,
      q,
      q + h,
      q + 2 * h,
      outputs.out.data(),
      log_sums.data(),
      scratch.data());
  float* const grad = outputs.grad_qkv.data();
  attention_backward(
      shape,
      products,
      q,
      q + h,
      q + 2 * h,
      outputs.out.data(),
      log_sums.data(),
      grad_out.data(),
      grad,
      grad + h,
      grad + 2 * h,
      scratch.data());
  return outputs;
}

void expect_right(const AttentionShape& shape) {
  Head head(shape);
  const auto outputs = run_kernel(head);
  const auto expected = head.attend();
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(outputs.out[i], expected[i], 3e-6) << i;
  }
  const auto objective = [&head] {
    double sum = 0;
    const auto out = head.attend();
    for (size_t i = 0; i < out.size(); ++i) {
      sum += out[i] * weight_of(i);
    }
    return sum;
  };
  constexpr double kStep = 1e-5;
  for (const int64_t token : {int64_t{0}, shape.num_tokens - 1}) {
    for (int64_t part = token < shape.num_queries ? 0 : 1; part < 3; ++part) {
      const int64_t i = part % shape.head_dim;
      double& value = head.at(part, token, i);
      const double before = value;
      value = before + kStep;
      const double above = objective();
      value = before - kStep;
      const double below = objective();
      value = before;
      const auto index = token * shape.stride + part * shape.head_dim + i;
      ASSERT_NEAR(outputs.grad_qkv[index], (above - below) / (2 * kStep), 3e-5)
          << "token " << token << " part " << part;
    }
  }
}

TEST(Attention, AndItsGradientAreThoseOfTheDefinition) {
  for_each_level([] {
    for (const int64_t tokens : {1, 2, 5, 37, 49, 197}) {
      expect_right({tokens, tokens, 8, 24, 8});
    }
    expect_right({65, 65, 64, 192, 64});
    expect_right({37, 37, 5, 15, 5});
  });
}

TEST(Attention, TakesTheFirstQueriesOnly) {
  for_each_level([] { expect_right({1, 37, 16, 48, 16}); });
}

// The length of the difference over that of `expected`.
double relative_distance(
    const std::vector<float>& actual, const std::vector<float>& expected) {
  double difference = 0;
  double size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double value = expected[i];
    difference += std::pow(actual[i] - value, 2);
    size += value * value;
  }
  return std::sqrt(difference / size);
}

// Factors of 8 bits differ by up to 0.004, by 0.0017 in the mean.
TEST(Attention, InBfloat16IsThatInFloat32ButForItsRounding) {
  for_each_level([] {
    for (const int64_t tokens : {2, 37, 197}) {
      const Head head({tokens, tokens, 64, 192, 64});
      const auto exact = run_kernel(head);
      const auto rounded = run_kernel(head, bf16_products());
      for (const double distance :
           {relative_distance(rounded.out, exact.out),
            relative_distance(rounded.grad_qkv, exact.grad_qkv)}) {
        EXPECT_LT(distance, 0.01) << tokens;
        EXPECT_GT(distance, 1e-4) << tokens;
      }
    }
  });
}

TEST(Attention, StaysFiniteWhereScoresAreHuge) {
  for_each_level([] {
    Head head({37, 37, 8, 24, 8});
    for (double& value : head.qkv) {
      value *= 100;
    }
    for (const float value : run_kernel(head).out) {
      ASSERT_TRUE(std::isfinite(value));
    }
  });
}

}  // namespace
}  // namespace nadir::kernels
