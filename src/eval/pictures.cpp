#include "eval/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "augment/view_maker.h"
#include "core/error.h"
#include "core/random.h"
#include "eval/composite.h"
#include "eval/contact_sheet.h"

namespace nadir::eval {

namespace {

constexpr int64_t kGlobalViews = 2;
constexpr int64_t kSmallestCell = 96;
constexpr double kDimmed = 0.25;  // of what a mask leaves out
constexpr double kLowShare = 0.02;
constexpr double kHighShare = 0.98;

double aspect_of(const raster::Image& tile) {
  return static_cast<double>(tile.width()) / static_cast<double>(tile.height());
}

// A view as floats of u, [bands, side, side], as RGB.
raster::Image view_picture(
    std::span<const float> view,
    int64_t side,
    const std::vector<std::string>& bands) {
  raster::Image picture(3, side, side, raster::PixelType::kUint8);
  const auto visible = composites_of(bands).front().bands;
  for (int64_t c = 0; c < 3; ++c) {
    const auto plane = view.subspan(visible[c] * side * side, side * side);
    // Three 8-bit bands lie in 0..1; other conventions are stretched.
    std::array<double, 2> range = {0, 1};
    if (bands.size() != 3) {
      range = spread({plane.begin(), plane.end()});
    }
    auto out = picture.band<uint8_t>(c);
    for (size_t i = 0; i < plane.size(); ++i) {
      out[i] = to_byte((plane[i] - range[0]) / (range[1] - range[0]));
    }
  }
  return picture;
}

// The picture where `kept` [rows, cols] is 1, dimmed elsewhere.
raster::Image masked_picture(
    const raster::Image& picture, const at::Tensor& kept) {
  const auto values = kept.to(at::kFloat).contiguous();
  const float* is_kept = values.const_data_ptr<float>();
  raster::Image masked = picture;
  for (int64_t c = 0; c < 3; ++c) {
    auto pixels = masked.band<uint8_t>(c);
    for (int64_t row = 0; row < picture.height(); ++row) {
      const int64_t map_row = row * kept.size(0) / picture.height();
      for (int64_t col = 0; col < picture.width(); ++col) {
        const int64_t map_col = col * kept.size(1) / picture.width();
        if (is_kept[map_row * kept.size(1) + map_col] == 0) {
          auto& pixel = pixels[row * picture.width() + col];
          pixel = to_byte(kDimmed * pixel / 255);
        }
      }
    }
  }
  return masked;
}

}  // namespace

at::Tensor network_input(
    const raster::Image& tile,
    const data::Normalization& normalization,
    int64_t side_px) {
  auto input = at::empty({1, tile.num_bands(), side_px, side_px});
  augment::make_test_view(
      normalization.to_unit(tile),
      0,
      side_px,
      normalization.mean,
      normalization.std,
      {input.data_ptr<float>(), static_cast<size_t>(input.numel())});
  return input;
}

at::Tensor attention_maps(
    const model::VisionTransformer& network, const at::Tensor& image_1CHW) {
  const at::NoGradGuard no_grad;
  const int64_t patch = network.config().patch_size;
  const auto attention = network.last_attention(image_1CHW)[0];  // [H, N, N]
  return attention.select(1, 0)
      .slice(1, 1)
      .reshape(
          {attention.size(0),
           image_1CHW.size(2) / patch,
           image_1CHW.size(3) / patch})
      .to(at::kCPU, at::kFloat);
}

at::Tensor attention_masks(const at::Tensor& maps, double mass) {
  NADIR_CHECK(
      mass > 0 && mass <= 1, "threshold must lie in (0, 1], got {}", mass);
  const auto flat = maps.flatten(1).to(at::kDouble);
  const auto [values, order] = (flat / flat.sum(1, true)).sort(1);
  const auto kept = (values.cumsum(1) > 1 - mass).to(at::kFloat);
  return at::empty_like(kept).scatter_(1, order, kept).view(maps.sizes());
}

at::Tensor token_components(
    const model::VisionTransformer& network, const at::Tensor& images_BCHW) {
  const at::NoGradGuard no_grad;
  const int64_t patch = network.config().patch_size;
  const auto tokens_BND = network.forward_tokens(images_BCHW).slice(1, 1);
  auto tokens = tokens_BND.flatten(0, 1).to(at::kCPU, at::kDouble);
  tokens = tokens - tokens.mean(0);
  // Eigenvectors of the covariance, largest last; each is turned so that its
  // largest entry is positive, which makes the colours repeatable.
  const auto covariance = tokens.t().mm(tokens);
  const auto vectors = std::get<1>(at::linalg_eigh(covariance));
  auto axes = vectors.slice(1, -3).flip({1});
  const auto largest = axes.gather(0, axes.abs().argmax(0, true));
  axes = axes * largest.sign();
  auto components = tokens.mm(axes);
  for (int64_t c = 0; c < components.size(1); ++c) {
    auto column = components.select(1, c);
    const auto low = column.quantile(kLowShare);
    const auto high = column.quantile(kHighShare);
    column.copy_((column - low) / (high - low).clamp_min(1e-12));
  }
  return components.clamp(0, 1)
      .to(at::kFloat)
      .view(
          {images_BCHW.size(0),
           images_BCHW.size(2) / patch,
           images_BCHW.size(3) / patch,
           3});
}

raster::Image colour_map(const at::Tensor& map) {
  // Five stops of viridis, linear between them.
  static constexpr double kStops[5][3] = {
      {0.267, 0.005, 0.329},
      {0.231, 0.322, 0.545},
      {0.129, 0.569, 0.549},
      {0.369, 0.788, 0.384},
      {0.993, 0.906, 0.144}};
  const auto values = map.to(at::kDouble).clamp(0, 1).contiguous();
  raster::Image picture(3, map.size(0), map.size(1), raster::PixelType::kUint8);
  const double* value = values.const_data_ptr<double>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    const double position = value[i] * 4;
    const int stop = std::min(3, static_cast<int>(position));
    for (int64_t c = 0; c < 3; ++c) {
      picture.band<uint8_t>(c)[i] = to_byte(
          std::lerp(kStops[stop][c], kStops[stop + 1][c], position - stop));
    }
  }
  return picture;
}

raster::Image colour_picture(const at::Tensor& map_HW3) {
  const auto values = map_HW3.permute({2, 0, 1}).contiguous();
  raster::Image picture(
      3, map_HW3.size(0), map_HW3.size(1), raster::PixelType::kUint8);
  const float* value = values.const_data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    picture.bytes()[i] = static_cast<std::byte>(to_byte(value[i]));
  }
  return picture;
}

raster::Image view_sheet(
    const ImageSet& images,
    const data::Normalization& normalization,
    const augment::ViewConfig& config,
    uint64_t seed,
    uint64_t epoch) {
  const auto& bands = images.dataset->bands();
  const augment::ViewMaker maker(
      config,
      std::vector<double>(bands.size(), 0),
      std::vector<double>(bands.size(), 1),
      bands.size() == 3);
  std::vector<std::string> headings = {"image"};
  for (int64_t v = 0; v < maker.num_views(); ++v) {
    headings.push_back(
        v < kGlobalViews ? fmt::format("global {}", v + 1)
                         : fmt::format("local {}", v + 1 - kGlobalViews));
  }
  std::vector<SheetRow> rows;
  std::vector<float> view;
  for (const int64_t index : images.indices) {
    const auto tile = images.dataset->read(index);
    const auto unit = normalization.to_unit(tile);
    SheetRow row = {images.dataset->name(index), {}};
    row.cells.push_back({visible_picture(unit, bands), aspect_of(tile)});
    for (int64_t v = 0; v < maker.num_views(); ++v) {
      const int64_t side = maker.view_size(v);
      view.resize(bands.size() * side * side);
      RandomStream random(
          seed,
          StreamPurpose::kAugment,
          epoch,
          static_cast<uint64_t>(index),
          static_cast<uint32_t>(v));
      maker.make_view(unit, v, random, view);
      row.cells.push_back({view_picture(view, side, bands)});
    }
    rows.push_back(std::move(row));
  }
  return contact_sheet(
      headings, rows, std::max(config.global_crop_size, kSmallestCell));
}

NetworkPictures network_pictures(
    const model::VisionTransformer& network,
    const ImageSet& images,
    const data::Normalization& normalization,
    int64_t side_px,
    double mass) {
  const int64_t patch = network.config().patch_size;
  const int64_t side = side_px / patch * patch;
  NADIR_CHECK(
      side > 0,
      "image_size must be at least a patch ({} px), got {}",
      patch,
      side_px);
  std::vector<std::string> headings = {"image"};
  for (int64_t h = 0; h < network.shape().num_heads; ++h) {
    headings.push_back(fmt::format("head {}", h + 1));
  }
  std::vector<SheetRow> attention;
  std::vector<SheetRow> masks;
  std::vector<SheetRow> colours;
  std::vector<at::Tensor> inputs;
  for (const int64_t index : images.indices) {
    const auto tile = images.dataset->read(index);
    const double aspect = aspect_of(tile);
    const auto picture = visible_picture(tile, images.dataset->bands());
    inputs.push_back(network_input(tile, normalization, side));
    const auto maps = attention_maps(network, inputs.back());
    const auto kept = attention_masks(maps, mass);
    const SheetRow row = {images.dataset->name(index), {{picture, aspect}}};
    attention.push_back(row);
    masks.push_back(row);
    colours.push_back(row);
    for (int64_t h = 0; h < maps.size(0); ++h) {
      const auto low = maps[h].min();
      const auto range = (maps[h].max() - low).clamp_min(1e-12);
      attention.back().cells.push_back(
          {colour_map((maps[h] - low) / range), aspect});
      masks.back().cells.push_back({masked_picture(picture, kept[h]), aspect});
    }
  }
  const auto components = token_components(network, at::cat(inputs));
  for (size_t n = 0; n < colours.size(); ++n) {
    colours[n].cells.push_back(
        {colour_picture(components[static_cast<int64_t>(n)]),
         colours[n].cells[0].aspect});
  }
  const int64_t cell_px = std::max(side / 2, kSmallestCell);
  return {
      contact_sheet(headings, attention, cell_px),
      contact_sheet(headings, masks, cell_px),
      contact_sheet({"image", "components"}, colours, cell_px)};
}

}  // namespace nadir::eval
