// What every kernel is tested over: all levels that this processor has, and
// the sizes around a vector's length; buffers begin unaligned.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "kernels/isa.h"

namespace nadir::kernels {

inline std::vector<int64_t> tail_sizes() {
  std::vector<int64_t> sizes;
  for (int64_t size = 1; size <= 33; ++size) {
    sizes.push_back(size);
  }
  sizes.insert(sizes.end(), {63, 64, 65});
  return sizes;
}

// Uniform in [-size, size].
inline std::vector<float> random_floats(
    int64_t count, uint64_t seed, double size = 1) {
  RandomStream random(seed, StreamPurpose::kTest, 12);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    value = static_cast<float>(random.uniform(-size, size));
  }
  return values;
}

// Within `tolerance`, relative where more than 1 is expected.
inline void expect_all_near(
    const std::vector<float>& actual,
    const std::vector<float>& expected,
    double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(
        actual[i],
        expected[i],
        tolerance * std::max(1.0F, std::abs(expected[i])))
        << i;
  }
}

inline void for_each_level(const std::function<void()>& body) {
  for (const std::string& name : available_isas()) {
    SCOPED_TRACE(name);
    const ScopedIsa level(name);
    body();
  }
}

// `size` random bytes, many of them at the ends of the range, from one byte
// past an aligned address; guarded by 64 bytes of 0xA5 behind.
class Bytes {
 public:
  explicit Bytes(int64_t size, uint64_t seed = 1)
      : storage_(static_cast<size_t>(size) + 1 + kGuard, kMark) {
    RandomStream random(seed, StreamPurpose::kTest, 11);
    for (int64_t i = 0; i < size; ++i) {
      const uint32_t draw = random.next_u32();
      data()[i] = static_cast<uint8_t>(
          draw % 8 == 0   ? 0
          : draw % 8 == 1 ? 255
                          : draw >> 24);
    }
  }

  uint8_t* data() { return storage_.data() + 1; }

  bool operator==(const Bytes&) const = default;

  [[nodiscard]] bool guard_is_whole() const {
    for (size_t i = storage_.size() - kGuard; i < storage_.size(); ++i) {
      if (storage_[i] != kMark) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr uint8_t kMark = 0xA5;
  std::vector<uint8_t> storage_;
};

}  // namespace nadir::kernels
