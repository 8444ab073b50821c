#include <algorithm>
#include <vector>

#include "kernels/box_blur.h"

namespace nadir::kernels::reference {

void box_blur_columns(
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    int64_t width,
    const BoxWeights& weights) {
  std::vector<uint8_t> column(static_cast<size_t>(height));
  const auto at = [&](int64_t y) {
    return uint32_t{
        column[static_cast<size_t>(std::clamp<int64_t>(y, 0, height - 1))]};
  };
  for (int64_t x = 0; x < width; ++x) {
    for (int pass = 0; pass < kBoxPasses; ++pass) {
      for (int64_t y = 0; y < height; ++y) {
        column[static_cast<size_t>(y)] = pixels[y * stride + x];
      }
      for (int64_t y = 0; y < height; ++y) {
        uint32_t sum = 0;
        for (int64_t k = -weights.radius; k <= weights.radius; ++k) {
          sum += at(y + k);
        }
        const uint32_t ends =
            at(y - weights.radius - 1) + at(y + weights.radius + 1);
        pixels[y * stride + x] = static_cast<uint8_t>(
            (weights.whole * sum + weights.edge * ends + (1U << 23)) >> 24);
      }
    }
  }
}

}  // namespace nadir::kernels::reference
