#include "kernels/color.h"

#include <array>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

struct Planes {
  explicit Planes(int64_t n) : r(n, 1), g(n, 2), b(n, 3) {}

  bool operator==(const Planes&) const = default;
  Bytes r, g, b;
};

TEST(Color, PlaneStepsEqualTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t n : tail_sizes()) {
      for (const float factor : {0.0F, 0.61F, 1.0F, 1.37F, 300.0F}) {
        Bytes p(n);
        Bytes expected(n);
        blend_constant(p.data(), n, 113.0F, factor);
        reference::blend_constant(expected.data(), n, 113.0F, factor);
        ASSERT_EQ(p, expected) << n << ", factor " << factor;
      }
      Bytes p(n);
      Bytes expected(n);
      solarize(p.data(), n);
      reference::solarize(expected.data(), n);
      ASSERT_EQ(p, expected) << n;
      ASSERT_EQ(plane_sum(p.data(), n), reference::plane_sum(p.data(), n));
    }
  });
}

TEST(Color, ThreePlaneStepsEqualTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t n : tail_sizes()) {
      Planes p(n);
      Planes expected(n);
      ASSERT_EQ(
          gray_sum(p.r.data(), p.g.data(), p.b.data(), n),
          reference::gray_sum(p.r.data(), p.g.data(), p.b.data(), n));
      blend_gray(p.r.data(), p.g.data(), p.b.data(), n, 1.17F);
      reference::blend_gray(
          expected.r.data(), expected.g.data(), expected.b.data(), n, 1.17F);
      ASSERT_EQ(p, expected) << n;
      shift_hue(p.r.data(), p.g.data(), p.b.data(), n, 240);
      reference::shift_hue(
          expected.r.data(), expected.g.data(), expected.b.data(), n, 240);
      ASSERT_EQ(p, expected) << n;
      to_gray(p.r.data(), p.g.data(), p.b.data(), n);
      reference::to_gray(
          expected.r.data(), expected.g.data(), expected.b.data(), n);
      ASSERT_EQ(p, expected) << n;
    }
  });
}

// All 2^24 colours would take minutes with the reference; every value of two
// channels with a stride in the third meets each sector and each tie.
TEST(Color, HueEqualsTheReferenceOnAGridOfAllColors) {
  constexpr int64_t kN = 65536;
  for_each_level([] {
    for (int third = 0; third < 256; third += 15) {
      for (int order = 0; order < 3; ++order) {
        std::array<std::vector<uint8_t>, 3> p;
        for (auto& plane : p) {
          plane.resize(kN);
        }
        for (int64_t i = 0; i < kN; ++i) {
          const auto at = static_cast<size_t>(i);
          p[static_cast<size_t>(order)][at] = static_cast<uint8_t>(third);
          p[static_cast<size_t>((order + 1) % 3)][at] =
              static_cast<uint8_t>(i >> 8);
          p[static_cast<size_t>((order + 2) % 3)][at] = static_cast<uint8_t>(i);
        }
        auto expected = p;
        const auto shift = static_cast<uint8_t>(third * 7 + order);
        shift_hue(p[0].data(), p[1].data(), p[2].data(), kN, shift);
        reference::shift_hue(
            expected[0].data(),
            expected[1].data(),
            expected[2].data(),
            kN,
            shift);
        ASSERT_EQ(p, expected) << "third " << third << ", order " << order;
      }
    }
  });
}

TEST(Color, BlendTruncatesAndClips) {
  std::array<uint8_t, 4> p = {3, 100, 200, 255};
  blend_constant(p.data(), 4, 0.0F, 1.4F);
  EXPECT_EQ(p, (std::array<uint8_t, 4>{4, 140, 255, 255}));
}

TEST(Color, SolarizeTurnsFrom128On) {
  std::array<uint8_t, 4> p = {0, 127, 128, 255};
  solarize(p.data(), 4);
  EXPECT_EQ(p, (std::array<uint8_t, 4>{0, 127, 127, 0}));
}

}  // namespace
}  // namespace nadir::kernels
