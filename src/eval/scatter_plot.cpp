#include "eval/scatter_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "eval/picture_text.h"

namespace nadir::eval {
namespace {

using Colour = std::array<uint8_t, 3>;

constexpr Colour kGrey = {0xBB, 0xBB, 0xBB};
// "Bright" with its grey left out, and nearly black as the seventh.
constexpr std::array<Colour, kPlotColours> kColours = {{
    {0x44, 0x77, 0xAA},
    {0xEE, 0x66, 0x77},
    {0x22, 0x88, 0x33},
    {0xCC, 0xBB, 0x44},
    {0x66, 0xCC, 0xEE},
    {0xAA, 0x33, 0x77},
    {0x22, 0x22, 0x22},
}};
constexpr int64_t kMargin = 16;
constexpr int64_t kTextScale = 2;
constexpr int64_t kLegendPx = 420;

Colour colour_of(const ImageGroups& groups, size_t point) {
  if (groups.group_of.empty()) {
    return kColours[0];
  }
  const int64_t group = groups.group_of[point];
  return group < 0 || group >= static_cast<int64_t>(kPlotColours)
             ? kGrey
             : kColours[static_cast<size_t>(group)];
}

// A disc, cut off at the edges.
void draw_disc(
    int64_t row,
    int64_t col,
    int64_t radius,
    Colour colour,
    raster::Image& to) {
  for (int64_t dy = -radius; dy <= radius; ++dy) {
    for (int64_t dx = -radius; dx <= radius; ++dx) {
      const int64_t y = row + dy;
      const int64_t x = col + dx;
      const bool is_inside = y >= 0 && x >= 0 && y < to.height() &&
                             x < to.width() &&
                             dy * dy + dx * dx <= radius * radius;
      for (int64_t c = 0; is_inside && c < 3; ++c) {
        to.band<uint8_t>(c)[y * to.width() + x] =
            colour[static_cast<size_t>(c)];
      }
    }
  }
}

// From the plane to pixels, one scale for both axes.
struct Frame {
  double centre_x = 0;
  double centre_y = 0;
  double scale = 1;  // pixels a unit
};

Frame frame_of(std::span<const float> places, int64_t side_px) {
  constexpr double kInfinity = HUGE_VAL;
  std::array<double, 2> low = {kInfinity, kInfinity};
  std::array<double, 2> high = {-kInfinity, -kInfinity};
  for (size_t i = 0; i < places.size(); ++i) {
    low[i % 2] = std::min<double>(low[i % 2], places[i]);
    high[i % 2] = std::max<double>(high[i % 2], places[i]);
  }
  const double extent = std::max(high[0] - low[0], high[1] - low[1]);
  return {
      (low[0] + high[0]) / 2,
      (low[1] + high[1]) / 2,
      extent > 0 ? static_cast<double>(side_px - 2 * kMargin) / extent : 1};
}

// Grey points first, the others shuffled, the same each time.
std::vector<size_t> drawing_order(const ImageGroups& groups, size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t point) {
    const bool is_coloured = colour_of(groups, point) != kGrey;
    return std::pair(is_coloured, mix_hash(point, 1));
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return key(a) < key(b);
  });
  return order;
}

void draw_legend(
    const ImageGroups& groups, int64_t left, raster::Image& picture) {
  const int64_t line_px = text_height(kTextScale) + 6;
  int64_t top = 2 * line_px;
  const auto draw_entry =
      [&](const std::string& name, int64_t size, Colour colour) {
        draw_disc(top + 7, left + 8, 7, colour, picture);
        const std::string count = std::to_string(size);
        const int64_t name_px = kLegendPx - 60 - text_width(count, kTextScale);
        draw_text(
            fitted_text(name, kTextScale, name_px),
            top,
            left + 24,
            kTextScale,
            picture);
        draw_text(
            count,
            top,
            left + kLegendPx - 2 * kMargin - text_width(count, kTextScale),
            kTextScale,
            picture);
        top += line_px;
      };
  const size_t num_coloured = std::min(groups.names.size(), kPlotColours);
  for (size_t g = 0; g < num_coloured; ++g) {
    draw_entry(groups.names[g], groups.sizes[g], kColours[g]);
  }
  const auto others = std::count_if(
      groups.group_of.begin(), groups.group_of.end(), [](int64_t group) {
        return group < 0 || group >= static_cast<int64_t>(kPlotColours);
      });
  if (others > 0) {
    draw_entry("others", others, kGrey);
  }
}

}  // namespace

raster::Image scatter_plot(
    const std::string& title,
    std::span<const float> places,
    const ImageGroups& groups,
    int64_t side_px) {
  const size_t count = places.size() / 2;
  NADIR_CHECK(
      groups.group_of.empty() || groups.group_of.size() == count,
      "{} points cannot have the groups of {} images",
      count,
      groups.group_of.size());
  const int64_t title_px = text_height(kTextScale) + kMargin;
  raster::Image picture(
      3,
      title_px + side_px,
      side_px + (groups.group_of.empty() ? 0 : kLegendPx),
      raster::PixelType::kUint8);
  std::fill(picture.bytes().begin(), picture.bytes().end(), std::byte{255});
  draw_text(
      fitted_text(title, kTextScale, picture.width() - 2 * kMargin),
      kMargin / 2,
      kMargin,
      kTextScale,
      picture);
  constexpr size_t kFew = 2000;
  constexpr size_t kMany = 20000;
  const int64_t radius = count <= kFew ? 4 : count <= kMany ? 2 : 1;
  const Frame frame = frame_of(places, side_px);
  const auto middle = static_cast<double>(side_px) / 2;
  for (const size_t point : drawing_order(groups, count)) {
    const double x = (places[2 * point] - frame.centre_x) * frame.scale;
    const double y = (places[2 * point + 1] - frame.centre_y) * frame.scale;
    draw_disc(
        title_px + std::llround(middle - y),
        std::llround(middle + x),
        radius,
        colour_of(groups, point),
        picture);
  }
  if (!groups.group_of.empty()) {
    draw_legend(groups, side_px, picture);
  }
  return picture;
}

}  // namespace nadir::eval
