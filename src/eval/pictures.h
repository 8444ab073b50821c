// Pictures of what a network sees, and of what it was shown: attention of the
// heads, attention masks, principal components of the patch tokens, and views
// of the augmentation, as contact sheets.
#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "augment/view_config.h"
#include "data/normalization.h"
#include "eval/splits.h"
#include "model/vision_transformer.h"
#include "raster/image.h"

namespace nadir::eval {

// The whole tile squeezed into a square, as the network takes it: [1, C, side,
// side]. A side that patches do not divide is the caller's error.
[[nodiscard]] at::Tensor network_input(
    const raster::Image& tile,
    const data::Normalization& normalization,
    int64_t side_px);

// Softmax weights of the last block from the class token to the patches,
// [heads, rows, cols], of one image [1, C, H, W].
[[nodiscard]] at::Tensor attention_maps(
    const model::VisionTransformer& network, const at::Tensor& image_1CHW);

// 1 where a patch belongs to the smallest set of patches that holds `mass` of
// a head's attention: sorted ascending, kept where the running sum exceeds
// 1 - mass. Same shape as `maps`.
[[nodiscard]] at::Tensor attention_masks(const at::Tensor& maps, double mass);

// The first three principal components of the patch tokens of all images
// together, each scaled to 0..1 between its 2nd and 98th percentile:
// [B, rows, cols, 3] of images [B, C, H, W].
[[nodiscard]] at::Tensor token_components(
    const model::VisionTransformer& network, const at::Tensor& images_BCHW);

// A map [rows, cols] with values 0..1 in colour (dark blue to yellow), and
// [rows, cols, 3] as it is.
[[nodiscard]] raster::Image colour_map(const at::Tensor& map);
[[nodiscard]] raster::Image colour_picture(const at::Tensor& map_HW3);

// A row an image: the image, then every view that training would cut from it
// in an epoch with `seed`.
[[nodiscard]] raster::Image view_sheet(
    const ImageSet& images,
    const data::Normalization& normalization,
    const augment::ViewConfig& config,
    uint64_t seed,
    uint64_t epoch = 0);

// Attention of each head, from its lowest to its highest, the image under the
// masks of `mass`, and the components, a row an image. The network sees the
// whole image squeezed into a square of `side_px`, cut to a multiple of the
// patch size; its maps are drawn in the image's own aspect.
struct NetworkPictures {
  raster::Image attention;
  raster::Image masks;
  raster::Image components;
};

[[nodiscard]] NetworkPictures network_pictures(
    const model::VisionTransformer& network,
    const ImageSet& images,
    const data::Normalization& normalization,
    int64_t side_px,
    double mass);

}  // namespace nadir::eval
