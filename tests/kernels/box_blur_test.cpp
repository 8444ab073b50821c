#include "kernels/box_blur.h"

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

constexpr uint32_t kOne = 1U << 24;

BoxWeights weights_of(int32_t radius, double fraction) {
  const double length = 2 * (radius + fraction) + 1;
  const auto whole = static_cast<uint32_t>(kOne / length);
  const auto inner = static_cast<uint32_t>(2 * radius + 1) * whole;
  return {radius, whole, (kOne - inner) / 2};
}

TEST(BoxBlurColumns, EqualsTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int32_t radius : {0, 1}) {
      const BoxWeights weights = weights_of(radius, 0.37);
      for (const int64_t width : tail_sizes()) {
        for (const int64_t height : {1, 2, 3, 4, 5, 17}) {
          const int64_t stride = width + 3;
          Bytes pixels(height * stride);
          Bytes expected(height * stride);
          box_blur_columns(pixels.data(), stride, height, width, weights);
          reference::box_blur_columns(
              expected.data(), stride, height, width, weights);
          ASSERT_EQ(pixels, expected)
              << radius << ": " << height << " x " << width;
        }
      }
    }
  });
}

TEST(BoxBlurColumns, LeavesAConstantPlaneAlone) {
  for (const int value : {0, 1, 127, 254, 255}) {
    std::vector<uint8_t> pixels(24, static_cast<uint8_t>(value));
    const auto expected = pixels;
    box_blur_columns(pixels.data(), 4, 6, 4, weights_of(1, 0.5));
    EXPECT_EQ(pixels, expected);
  }
}

TEST(BoxBlurColumns, SpreadsAnImpulseByTheWeights) {
  std::vector<uint8_t> column = {0, 0, 0, 200, 0, 0, 0};
  // Length 4: 1/4 for three rows, 1/8 at either end. After one pass 0, 25, 50,
  // 50, 50, 25, 0; after two 13, 25, 38, 44, 38, 25, 13, halves rounded up.
  box_blur_columns(column.data(), 1, 7, 1, weights_of(1, 0.5));
  EXPECT_EQ(column, (std::vector<uint8_t>{19, 26, 33, 36, 33, 26, 19}));
}

TEST(BoxBlurColumnsDeathTest, RefusesLargerBoxes) {
  uint8_t pixel = 0;
  EXPECT_DEATH(box_blur_columns(&pixel, 1, 1, 1, {2, 1, 1}), "radius");
}

}  // namespace
}  // namespace nadir::kernels
