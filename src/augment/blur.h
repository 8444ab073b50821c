// Pillow's GaussianBlur: three passes of an extended box along each axis.
#pragma once

#include "kernels/box_blur.h"

namespace nadir::augment {

// In pixels: the widest blur of the boxes that kernels::BoxWeights describes.
inline constexpr double kLargestSigma = 2.4;

// The radius of the box whose three passes have the standard deviation
// `sigma` in pixels; its fraction is the weight of the two end pixels.
[[nodiscard]] float box_radius(float sigma);

// The box in 24-bit fixed point; sigma at most kLargestSigma.
[[nodiscard]] kernels::BoxWeights box_weights(float sigma);

}  // namespace nadir::augment
