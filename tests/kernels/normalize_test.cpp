#include "kernels/normalize.h"

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

TEST(Normalize, EqualsTheReferenceAtEveryLevelSizeAndFlip) {
  for_each_level([] {
    for (const int64_t width : tail_sizes()) {
      for (const int flips : {0, 1, 2, 3}) {
        const bool rows = (flips & 1) != 0;
        const bool cols = (flips & 2) != 0;
        Bytes src(3 * width);
        std::vector<float> dst(static_cast<size_t>(3 * width) + 2, -7.0F);
        auto expected = dst;
        normalize(
            src.data(), 3, width, rows, cols, 0.0171F, -2.1F, dst.data() + 1);
        reference::normalize(
            src.data(),
            3,
            width,
            rows,
            cols,
            0.0171F,
            -2.1F,
            expected.data() + 1);
        ASSERT_EQ(dst, expected) << width << ", flips " << flips;
      }
    }
  });
}

TEST(Normalize, FlipsAsNamed) {
  const uint8_t src[] = {1, 2, 3, 4};  // 2 x 2
  std::vector<float> dst(4);
  normalize(src, 2, 2, false, true, 2.0F, 1.0F, dst.data());
  EXPECT_EQ(dst, (std::vector<float>{5, 3, 9, 7}));
  normalize(src, 2, 2, true, false, 2.0F, 1.0F, dst.data());
  EXPECT_EQ(dst, (std::vector<float>{7, 9, 3, 5}));
}

}  // namespace
}  // namespace nadir::kernels
