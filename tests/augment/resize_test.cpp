#include "augment/resize.h"

#include <gtest/gtest.h>

#include "augment/tiles.h"

namespace nadir::augment {
namespace {

std::vector<uint8_t> resized(
    const raster::Image& tile, const CropBox& box, int64_t rows, int64_t cols) {
  Scratch& scratch = thread_scratch();
  set_taps(scratch, {box.height, rows, 0, rows}, {box.width, cols, 0, cols});
  std::vector<uint8_t> out(static_cast<size_t>(rows * cols));
  resize_plane(
      tile.band<uint8_t>(0).data(), tile.width(), box, scratch, out.data());
  return out;
}

TEST(ResampleTaps, WeightsSumToOneAndStayInsideTheAxis) {
  for (const auto& [in, out] :
       {std::pair{120, 224}, {224, 120}, {7, 96}, {1, 5}, {50, 1}}) {
    ResampleTaps taps;
    taps.compute(in, out, 0, out);
    for (int64_t i = 0; i < out; ++i) {
      double sum = 0;
      for (int32_t t = 0; t < taps.num_taps(i); ++t) {
        sum += taps.weights(i)[t];
      }
      EXPECT_NEAR(sum, 1, 1e-12);
      EXPECT_GE(taps.first(i), 0);
      EXPECT_LE(taps.first(i) + taps.num_taps(i), in);
    }
  }
}

TEST(ResampleTaps, PartOfAnAxisHasTheTapsOfTheWhole) {
  ResampleTaps whole;
  ResampleTaps part;
  whole.compute(300, 256, 0, 256);
  part.compute(300, 256, 16, 224);
  for (int64_t i = 0; i < 224; ++i) {
    ASSERT_EQ(part.first(i), whole.first(i + 16));
    ASSERT_EQ(part.num_taps(i), whole.num_taps(i + 16));
    for (int32_t t = 0; t < part.num_taps(i); ++t) {
      ASSERT_EQ(part.weights(i)[t], whole.weights(i + 16)[t]);
    }
  }
}

TEST(ResizePlane, SameSizeIsACopyOfTheBox) {
  const raster::Image tile = random_tile(1, 30, 40);
  const auto out = resized(tile, {3, 5, 20, 25}, 20, 25);
  for (int64_t r = 0; r < 20; ++r) {
    for (int64_t c = 0; c < 25; ++c) {
      ASSERT_EQ(
          out[static_cast<size_t>(r * 25 + c)],
          tile.band<uint8_t>(0)[static_cast<size_t>((r + 3) * 40 + c + 5)]);
    }
  }
}

TEST(ResizePlane, NeverSeesPixelsOutsideTheBox) {
  raster::Image tile = random_tile(1, 40, 40);
  const CropBox box{10, 12, 15, 9};
  const auto before = resized(tile, box, 48, 48);
  auto pixels = tile.band<uint8_t>(0);
  for (int64_t r = 0; r < 40; ++r) {
    for (int64_t c = 0; c < 40; ++c) {
      if (r < 10 || r >= 25 || c < 12 || c >= 21) {
        pixels[static_cast<size_t>(r * 40 + c)] ^= 0xFF;
      }
    }
  }
  EXPECT_EQ(resized(tile, box, 48, 48), before);
}

// One rounding a pass of at most half a level, and the second pass weighs the
// first's roundings by at most 1.3 (the sum of the weights' magnitudes).
TEST(ResizePlane, FloatAndBytesAgreeToTheirRounding) {
  raster::Image tile = random_tile(1, 37, 29);
  raster::Image floats(1, 37, 29, raster::PixelType::kFloat32);
  for (size_t i = 0; i < floats.band<float>(0).size(); ++i) {
    // Levels 100 .. 151 keep the overshoot inside the 8-bit range.
    const auto level =
        static_cast<uint8_t>(100 + tile.band<uint8_t>(0)[i] % 52);
    tile.band<uint8_t>(0)[i] = level;
    floats.band<float>(0)[i] = level;
  }
  const CropBox box{2, 3, 30, 20};
  for (const auto& [rows, cols] : {std::pair{64, 64}, {12, 9}}) {
    const auto bytes = resized(tile, box, rows, cols);
    std::vector<float> out(static_cast<size_t>(rows * cols));
    resize_plane(
        floats.band<float>(0).data(), 29, box, thread_scratch(), out.data());
    for (size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR(out[i], bytes[i], 1.2) << i;
    }
  }
}

}  // namespace
}  // namespace nadir::augment
