#include "kernels/transpose.h"

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

TEST(Transpose, EqualsTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t rows : tail_sizes()) {
      for (const int64_t cols : tail_sizes()) {
        Bytes src(rows * (cols + 3));
        Bytes dst(cols * (rows + 2), 7);
        Bytes expected(cols * (rows + 2), 7);
        transpose(src.data(), cols + 3, rows, cols, dst.data(), rows + 2);
        reference::transpose(
            src.data(), cols + 3, rows, cols, expected.data(), rows + 2);
        ASSERT_EQ(dst, expected) << rows << " x " << cols;
      }
    }
  });
}

TEST(Transpose, TwiceIsTheIdentity) {
  Bytes src(40 * 25);
  Bytes once(25 * 40, 2);
  Bytes twice(40 * 25, 3);
  transpose(src.data(), 25, 40, 25, once.data(), 40);
  transpose(once.data(), 40, 25, 40, twice.data(), 25);
  EXPECT_EQ(twice, src);
}

}  // namespace
}  // namespace nadir::kernels
