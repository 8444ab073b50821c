#include "eval/segment_tokens.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "augment/view_maker.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/signals.h"

namespace nadir::eval {

TokenExtractor patch_token_extractor(
    const model::VisionTransformer& network,
    int64_t num_blocks,
    at::Device device) {
  return [&network, num_blocks, device](const at::Tensor& images_BCSS) {
    const auto tokens = network.intermediate_tokens(
        images_BCSS.to(device), num_blocks, stop_extracting_if_told);
    std::vector<at::Tensor> parts;
    for (const auto& tokens_BND : tokens) {
      parts.push_back(tokens_BND.slice(1, 1));
    }
    return at::cat(parts, 2);
  };
}

TokenExtractor patch_statistics_extractor(int64_t patch_px) {
  return [patch_px](const at::Tensor& images_BCSS) {
    const auto pixels = images_BCSS.unfold(2, patch_px, patch_px)
                            .unfold(3, patch_px, patch_px)
                            .flatten(4);  // [B, C, h, w, pixels]
    const auto statistics = at::cat(
        {pixels.mean(4), pixels.std(4, false), pixels.amin(4), pixels.amax(4)},
        1);
    return statistics.flatten(2).transpose(1, 2);
  };
}

at::Tensor window_inputs(
    const raster::Image& image,
    std::span<const WindowPlace> places,
    const SegmentView& view) {
  const auto unit = view.normalization.to_unit(image);
  const int64_t side = view.input_px;
  const auto count = static_cast<int64_t>(places.size());
  auto inputs = at::empty({count, unit.num_bands(), side, side});
  const int64_t length = unit.num_bands() * side * side;
  float* const out = inputs.data_ptr<float>();
  parallel_for(count, 1, 0, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      augment::make_test_view(
          cut_window(unit, places[i], view.window_px),
          0,
          side,
          view.normalization.mean,
          view.normalization.std,
          {out + i * length, static_cast<size_t>(length)});
    }
  });
  return inputs;
}

namespace {

void check_mask_fits(
    const MaskedImages& set,
    int64_t image,
    const raster::Image& pixels,
    const Mask& mask) {
  if (pixels.height() != mask.height || pixels.width() != mask.width) {
    fail(
        ErrorCode::kCorruptData,
        "mask {} is {} x {}, its image {} is {} x {}; they must be alike",
        set.masks[image].string(),
        mask.height,
        mask.width,
        set.name(image),
        pixels.height(),
        pixels.width());
  }
}

at::Tensor extract_tokens(
    const MaskedImages& set,
    std::span<const Mask> masks,
    const SegmentView& view,
    const TokenExtractor& extractor,
    int64_t batch_size,
    int64_t num_windows,
    const std::string& what) {
  const at::NoGradGuard no_grad;
  at::Tensor tokens_WTD;
  int64_t done = 0;
  Progress progress(what, set.size(), "images");
  for (int64_t n = 0; n < set.size(); ++n) {
    const auto image = set.images.dataset->read(set.images.indices[n]);
    check_mask_fits(set, n, image, masks[n]);
    const auto places =
        window_places(image.height(), image.width(), view.window_px);
    const auto inputs = window_inputs(image, places, view);
    for (const auto& batch_BCSS : inputs.split(batch_size)) {
      stop_extracting_if_told();
      const auto tokens = extractor(batch_BCSS);
      if (!tokens_WTD.defined()) {
        tokens_WTD = at::empty({num_windows, tokens.size(1), tokens.size(2)});
      }
      tokens_WTD.narrow(0, done, tokens.size(0)).copy_(tokens);
      done += tokens.size(0);
    }
    progress.advance();
  }
  NADIR_ASSERT(done == num_windows);
  return tokens_WTD;
}

}  // namespace

at::Tensor window_tokens(
    const MaskedImages& set,
    std::span<const Mask> masks,
    const SegmentView& view,
    const TokenSource& source,
    int64_t patch_px,
    int64_t batch_size,
    const FeatureCache& cache,
    const std::string& what) {
  int64_t num_windows = 0;
  for (const auto& mask : masks) {
    num_windows += static_cast<int64_t>(
        window_places(mask.height, mask.width, view.window_px).size());
  }
  ViewRecipe recipe;
  recipe.normalization = view.normalization;
  recipe.resize_px = 0;
  recipe.crop_px = view.input_px;
  auto key = views_key(set.images, recipe);
  key["windows_px"] = view.window_px;
  key["patch_px"] = patch_px;
  key["source"] = source.key;
  const int64_t side = view.input_px / patch_px;
  const int64_t num_tokens = side * side;
  // Caches hold matrices: a row a token.
  return cache
      .get_or_make(
          key,
          num_windows * num_tokens,
          [&] {
            return extract_tokens(
                       set,
                       masks,
                       view,
                       source.extractor,
                       batch_size,
                       num_windows,
                       what)
                .flatten(0, 1);
          })
      .view({num_windows, num_tokens, -1});
}

}  // namespace nadir::eval
