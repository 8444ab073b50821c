#include "scene/map_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "eval/composite.h"
#include "eval/contact_sheet.h"
#include "eval/picture_text.h"
#include "eval/pictures.h"
#include "raster/scene_reader.h"
#include "scene/map_output.h"

namespace nadir::scene {
namespace {

namespace fs = std::filesystem;
using Colour = std::array<uint8_t, 3>;

constexpr Colour kNoData = {225, 225, 225};
constexpr int64_t kLegendGap = 6;

// Told apart by most eyes as long as classes are few; later ones are lighter.
constexpr std::array<Colour, 10> kColours = {
    {{31, 119, 180},
     {44, 120, 60},
     {230, 170, 40},
     {200, 50, 45},
     {130, 90, 170},
     {140, 95, 75},
     {225, 120, 190},
     {110, 110, 110},
     {165, 200, 60},
     {35, 185, 200}}};

Colour colour_of_class(int64_t index) {
  const auto count = static_cast<int64_t>(kColours.size());
  Colour colour = kColours[static_cast<size_t>(index % count)];
  for (auto& value : colour) {
    for (int64_t round = 0; round < index / count; ++round) {
      value = static_cast<uint8_t>(value + (255 - value) / 2);
    }
  }
  return colour;
}

// A map's bands, reduced: [bands, rows, cols] float32.
raster::Image read_map(const fs::path& path, int64_t side_px) {
  const raster::SceneReader reader(path.string());
  std::vector<int> bands(static_cast<size_t>(reader.info().num_bands));
  std::iota(bands.begin(), bands.end(), 0);
  return reader.read_reduced(side_px, bands);
}

at::Tensor as_tensor(const raster::Image& map) {
  return at::from_blob(
             const_cast<std::byte*>(map.bytes().data()),  // copied at once
             {map.num_bands(), map.height(), map.width()},
             at::kFloat)
      .clone();
}

raster::Image grey_picture(int64_t height, int64_t width) {
  raster::Image picture(3, height, width, raster::PixelType::kUint8);
  for (int64_t c = 0; c < 3; ++c) {
    const auto pixels = picture.band<uint8_t>(c);
    std::fill(pixels.begin(), pixels.end(), kNoData[c]);
  }
  return picture;
}

// Cells without data become grey.
void hide_missing(const at::Tensor& map_HW, raster::Image& picture) {
  const auto is_missing = map_HW.isnan().contiguous();
  const bool* missing = is_missing.const_data_ptr<bool>();
  for (int64_t c = 0; c < 3; ++c) {
    const auto pixels = picture.band<uint8_t>(c);
    for (size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = missing[i] ? kNoData[c] : pixels[i];
    }
  }
}

struct ClassPicture {
  raster::Image picture;
  std::vector<int64_t> counts;  // cells in which a class is the likeliest
};

ClassPicture draw_classes(const raster::Image& map) {
  ClassPicture result = {
      grey_picture(map.height(), map.width()),
      std::vector<int64_t>(static_cast<size_t>(map.num_bands()))};
  for (int64_t i = 0; i < map.height() * map.width(); ++i) {
    if (std::isnan(map.band<float>(0)[i])) {
      continue;
    }
    int64_t likeliest = 0;
    for (int64_t k = 1; k < map.num_bands(); ++k) {
      if (map.band<float>(k)[i] > map.band<float>(likeliest)[i]) {
        likeliest = k;
      }
    }
    ++result.counts[likeliest];
    const auto colour = colour_of_class(likeliest);
    for (int64_t c = 0; c < 3; ++c) {
      result.picture.band<uint8_t>(c)[i] = colour[c];
    }
  }
  return result;
}

// Brought to 0..1 between the 2nd and the 98th percentile of the cells that
// have data.
at::Tensor stretched(const at::Tensor& map_HW) {
  const auto given = map_HW.masked_select(map_HW.isfinite());
  if (given.numel() == 0) {
    return at::zeros_like(map_HW);
  }
  const auto sorted = std::get<0>(given.sort());
  const auto last = given.numel() - 1;
  const double low = sorted[last * 2 / 100].item<double>();
  const double high = sorted[last - last * 2 / 100].item<double>();
  return at::nan_to_num((map_HW - low) / std::max(high - low, 1e-12), 0.0)
      .clamp(0, 1);
}

raster::Image draw_components(const raster::Image& map) {
  const auto all = as_tensor(map);
  std::vector<at::Tensor> colours;
  for (int64_t c = 0; c < 3; ++c) {
    colours.push_back(stretched(all[std::min(c, map.num_bands() - 1)]));
  }
  auto picture = eval::colour_picture(at::stack(colours, 2));
  hide_missing(all[0], picture);
  return picture;
}

raster::Image draw_change(const raster::Image& map) {
  const auto change_HW = as_tensor(map)[0];
  auto picture = eval::colour_map(stretched(change_HW));
  hide_missing(change_HW, picture);
  return picture;
}

raster::Image draw_scene(const Scene& scene, int64_t side_px) {
  const raster::SceneReader reader(scene.path());
  return eval::visible_picture(
      reader.read_reduced(side_px, scene.places()), scene.bands());
}

// `picture` with lines for the classes below it, the most frequent first.
raster::Image with_legend(
    const raster::Image& picture,
    const std::vector<std::string>& names,
    const std::vector<int64_t>& counts) {
  const int64_t line_px = eval::text_height(1) + kLegendGap;
  std::vector<size_t> order;
  for (size_t k = 0; k < names.size(); ++k) {
    if (counts[k] > 0) {
      order.push_back(k);
    }
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return counts[a] > counts[b];
  });
  const int64_t total =
      std::accumulate(counts.begin(), counts.end(), int64_t{0});
  const auto num_lines = static_cast<int64_t>(order.size());
  raster::Image whole(
      3,
      picture.height() + (num_lines + 1) * line_px,
      picture.width(),
      raster::PixelType::kUint8);
  std::fill(whole.bytes().begin(), whole.bytes().end(), std::byte{255});
  for (int64_t c = 0; c < 3; ++c) {
    const auto src = picture.band<uint8_t>(c);
    std::copy(src.begin(), src.end(), whole.band<uint8_t>(c).begin());
  }
  int64_t top = picture.height() + kLegendGap;
  for (const size_t k : order) {
    const auto colour = colour_of_class(static_cast<int64_t>(k));
    const int64_t side = line_px - kLegendGap;
    for (int64_t c = 0; c < 3; ++c) {
      const auto pixels = whole.band<uint8_t>(c);
      for (int64_t row = top; row < top + side; ++row) {
        std::fill_n(
            pixels.begin() + row * whole.width() + kLegendGap,
            std::min(2 * side, whole.width() - kLegendGap),
            colour[c]);
      }
    }
    eval::draw_text(
        fmt::format(
            "{} {:.1f} %",
            names[k],
            100.0 * static_cast<double>(counts[k]) /
                static_cast<double>(total)),
        top,
        2 * kLegendGap + 2 * side,
        1,
        whole);
    top += line_px;
  }
  return whole;
}

}  // namespace

raster::Image map_picture(
    const Scene& scene,
    const std::vector<std::string>& class_names,
    const fs::path& folder,
    int64_t side_px) {
  const double aspect = static_cast<double>(scene.info().width) /
                        static_cast<double>(scene.info().height);
  std::vector<std::string> headings;
  eval::SheetRow row;
  row.title = scene.path();
  const auto add = [&](const char* heading, raster::Image picture) {
    headings.emplace_back(heading);
    row.cells.push_back({std::move(picture), aspect});
  };
  add("scene", draw_scene(scene, side_px));
  std::vector<int64_t> counts(class_names.size());
  if (fs::exists(folder / kProbabilitiesFile)) {
    auto classes = draw_classes(read_map(folder / kProbabilitiesFile, side_px));
    counts = std::move(classes.counts);
    add("likeliest class", std::move(classes.picture));
  }
  if (fs::exists(folder / kEmbeddingsFile)) {
    add("components",
        draw_components(read_map(folder / kEmbeddingsFile, side_px)));
  }
  if (fs::exists(folder / kChangeFile)) {
    add("change", draw_change(read_map(folder / kChangeFile, side_px)));
  }
  return with_legend(
      eval::contact_sheet(headings, {row}, side_px), class_names, counts);
}

}  // namespace nadir::scene
