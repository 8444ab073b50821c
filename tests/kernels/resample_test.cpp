#include "kernels/resample.h"

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

constexpr int32_t kOne = 1 << kResampleBits;

// Random taps whose weights sum to about one, with negative lobes that make
// sums leave the 8-bit range on both sides.
struct Taps {
  std::vector<int32_t> first;
  std::vector<int32_t> num_taps;
  std::vector<int32_t> weights;

  [[nodiscard]] RowTaps view(int64_t max_taps) const {
    return {
        first.data(),
        num_taps.data(),
        weights.data(),
        max_taps,
        static_cast<int64_t>(first.size())};
  }
};

Taps make_taps(int64_t num_rows, int64_t num_src_rows, int64_t max_taps) {
  RandomStream random(5, StreamPurpose::kTest);
  Taps taps;
  for (int64_t y = 0; y < num_rows; ++y) {
    const auto count = static_cast<int32_t>(1 + random.uniform_int(5));
    taps.num_taps.push_back(count);
    taps.first.push_back(static_cast<int32_t>(
        random.uniform_int(static_cast<uint64_t>(num_src_rows - count + 1))));
    int32_t rest = kOne;
    for (int32_t t = 0; t < max_taps; ++t) {
      const auto weight =
          static_cast<int32_t>(random.uniform(-0.4, 0.8) * kOne);
      taps.weights.push_back(t + 1 == count ? rest : weight);
      rest -= weight;
    }
  }
  return taps;
}

TEST(ResampleRows, EqualsTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t width : tail_sizes()) {
      const int64_t stride = width + 5;
      const Taps taps = make_taps(20, 13, 6);
      Bytes src(13 * stride);
      Bytes dst(20 * stride, 3);
      Bytes expected(20 * stride, 3);
      resample_rows(
          src.data(), stride, taps.view(6), width, dst.data(), stride);
      reference::resample_rows(
          src.data(), stride, taps.view(6), width, expected.data(), stride);
      ASSERT_EQ(dst, expected) << width;
    }
  });
}

TEST(ResampleRows, RoundsHalfUpAndClips) {
  const uint8_t src[] = {10, 255, 11, 0};
  uint8_t dst[2] = {};
  const int32_t first = 0;
  const int32_t count = 2;
  const int32_t half[] = {kOne / 2, kOne / 2};
  resample_rows(src, 2, {&first, &count, half, 2, 1}, 2, dst, 2);
  EXPECT_EQ(dst[0], 11);   // 10.5
  EXPECT_EQ(dst[1], 128);  // 127.5
  const int32_t steep[] = {kOne + kOne / 2, -kOne / 2};
  resample_rows(src, 2, {&first, &count, steep, 2, 1}, 2, dst, 2);
  EXPECT_EQ(dst[0], 10);  // 9.5
  EXPECT_EQ(dst[1], 255);
}

}  // namespace
}  // namespace nadir::kernels
