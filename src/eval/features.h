// Features of images: the test view, or augmented views, of each image through
// a network (or any other function of the view), in inference mode.
// Shapes: B batch, C bands, S side, N images, V views, F feature columns.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "core/part.h"
#include "data/normalization.h"
#include "eval/feature_cache.h"
#include "eval/features_config.h"
#include "eval/linear_probe.h"
#include "eval/splits.h"
#include "model/vision_transformer.h"

namespace nadir::eval {

// How an image becomes the network's input.
struct ViewRecipe {
  data::Normalization normalization;
  int64_t resize_px = 256;  // shorter side, 0: the whole image to crop_px
  int64_t crop_px = 224;

  // 0 is the test view; else so many random resized crops (area 0.08 to 1)
  // with flips, drawn from (seed, image, view).
  int64_t num_random_views = 0;
  uint64_t seed = 0;

  [[nodiscard]] int64_t num_views() const {
    return num_random_views > 0 ? num_random_views : 1;
  }

  // "centre crop of 224 px from 256 px", as reports and caches name it.
  [[nodiscard]] std::string text() const;
};

// What makes features of images. Called from one thread.
struct Extractor {
  // [B, C, S, S] float32 on the CPU -> [B, F] on `device`. Of a GPU the images
  // must stay until its work is done.
  std::function<at::Tensor(const at::Tensor& images_BCSS)> features;
  at::Device device = at::kCPU;
};

// Images begin .. end - 1 of a set.
struct ImageRange {
  int64_t begin = 0;
  int64_t end = 0;

  [[nodiscard]] int64_t size() const { return end - begin; }
};

// The part's share of a set in whole batches: a batch is the same whoever
// makes it, and so are its features, to the bit. The first part has images if
// there are any; others may have none.
[[nodiscard]] ImageRange batches_of(
    int64_t num_images, int64_t batch_size, const Part& part);

// Features [V * N, F] on the CPU, row v * N + n for view v of image n, of all
// images or of N in `range`; undefined where that is empty. Images are read
// and cut by `num_threads` threads (0 = all) ahead of the extractor. Throws
// what reading throws, naming the image, and Stopped after a signal.
[[nodiscard]] at::Tensor extract_features(
    const ImageSet& images,
    const ViewRecipe& views,
    const Extractor& extractor,
    int64_t batch_size,
    int64_t num_threads,
    const std::string& what,
    std::optional<ImageRange> range = std::nullopt);

// How the columns of a network's features lie: the normed CLS tokens of the
// last `num_blocks` blocks, earliest first, then, with `has_mean`, the mean of
// the last block's patch tokens. Without, most of that block is not computed.
struct FeatureLayout {
  int64_t num_blocks = 4;
  int64_t dim = 0;
  bool has_mean = true;

  [[nodiscard]] int64_t width() const {
    return (num_blocks + (has_mean ? 1 : 0)) * dim;
  }

  // The last block's CLS token: the columns k-NN compares.
  [[nodiscard]] FeatureColumns last_cls() const;

  // CLS tokens of the last `blocks` blocks, with the mean patch on demand. In a
  // layout that has no mean the demand is an error of the caller.
  [[nodiscard]] FeatureColumns columns(int64_t blocks, bool with_mean) const;
};

[[nodiscard]] FeatureLayout layout_of(
    const model::VisionTransformer& network,
    int64_t num_blocks,
    bool has_mean = true);

// `network` must outlive the extractor; images are moved to `device`.
// `before_block` is called before each of the network's blocks and may throw.
[[nodiscard]] Extractor network_extractor(
    const model::VisionTransformer& network,
    const FeatureLayout& layout,
    at::Device device,
    const std::function<void()>& before_block = {});

// Throws Stopped where a signal was caught, as extract_features() does between
// batches: for `before_block`.
void stop_extracting_if_told();

// Of the images' names in their order.
[[nodiscard]] std::string names_sha256(const ImageSet& images);

// What identifies these views of these images in a cache: names, sizes and
// times of the files, the pixels of a few images, normalisation and views.
[[nodiscard]] nlohmann::json views_key(
    const ImageSet& images, const ViewRecipe& views);

}  // namespace nadir::eval
