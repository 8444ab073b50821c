#include "model/layers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::model {
namespace {

constexpr int64_t kCount = 300'001;  // chunks of several threads, and a rest

// After `before` normals, so that a spare one may be left.
RandomStream stream_after(int before) {
  RandomStream random(3, StreamPurpose::kTest);
  for (int i = 0; i < before; ++i) {
    (void)random.normal();
  }
  return random;
}

TEST(Fill, DrawsTheStreamsValuesInOrderOnAnyNumberOfThreads) {
  const int threads_before = at::get_num_threads();
  for (const int num_threads : {1, 3}) {
    at::set_num_threads(num_threads);
    for (const int before : {0, 1}) {
      auto random = stream_after(before);
      auto plain = stream_after(before);
      const auto normals = at::empty({kCount});
      const auto uniforms = at::empty({kCount});
      fill_normal(normals, 0.02, random);
      fill_uniform(uniforms, 0.5, random);
      const float* const normal = normals.const_data_ptr<float>();
      for (int64_t i = 0; i < kCount; ++i) {
        ASSERT_EQ(normal[i], static_cast<float>(0.02 * plain.normal())) << i;
      }
      const float* const uniform = uniforms.const_data_ptr<float>();
      for (int64_t i = 0; i < kCount; ++i) {
        ASSERT_EQ(uniform[i], static_cast<float>(plain.uniform(-0.5, 0.5)))
            << i;
      }
      EXPECT_EQ(random.normal(), plain.normal());
      EXPECT_EQ(random.next_u32(), plain.next_u32());
    }
  }
  at::set_num_threads(threads_before);
}

TEST(Fill, RefusesADeviationThatWouldBeTruncated) {
  auto random = stream_after(0);
  EXPECT_THROW(fill_normal(at::empty({4}), 1, random), Error);
}

}  // namespace
}  // namespace nadir::model
