#include "eval/segment_picture.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/composite.h"
#include "eval/confusion.h"
#include "eval/contact_sheet.h"
#include "eval/picture_text.h"

namespace nadir::eval {

namespace {

constexpr int64_t kSheetCell = 256;
constexpr int64_t kLegendGap = 8;
constexpr int64_t kLetterScale = 2;
constexpr uint8_t kErrorRed[] = {0xd5, 0x2b, 0x1e};

// The picture in pale grey, red where the prediction is wrong.
raster::Image error_picture(
    const raster::Image& picture,
    const Mask& mask,
    const std::vector<uint8_t>& predicted) {
  raster::Image errors = picture;
  for (size_t i = 0; i < predicted.size(); ++i) {
    int sum = 0;
    for (int64_t c = 0; c < 3; ++c) {
      sum += picture.band<uint8_t>(c)[i];
    }
    const bool is_wrong =
        mask.classes[i] != kIgnoredPixel && mask.classes[i] != predicted[i];
    for (int64_t c = 0; c < 3; ++c) {
      errors.band<uint8_t>(c)[i] =
          is_wrong ? kErrorRed[c] : static_cast<uint8_t>(128 + sum / 6);
    }
  }
  return errors;
}

std::string row_title(
    const std::string& name,
    const Mask& mask,
    const std::vector<uint8_t>& predicted,
    size_t num_classes) {
  Confusion confusion(static_cast<int64_t>(num_classes));
  confusion.add(mask.classes, predicted);
  return fmt::format(
      "{}: mIoU {:.2f}, accuracy {:.2f}",
      name,
      confusion.mean_iou().value_or(0),
      confusion.accuracy().value_or(0));
}

void fill_square(
    const Color& color,
    int64_t top,
    int64_t left,
    int64_t side,
    raster::Image& picture) {
  for (int64_t c = 0; c < 3; ++c) {
    auto out = picture.band<uint8_t>(c);
    for (int64_t row = top; row < top + side; ++row) {
      std::fill_n(out.begin() + row * picture.width() + left, side, color[c]);
    }
  }
}

struct LegendPlace {
  int64_t top;
  int64_t left;
};

// Where entries stand that are written from left to right, and the height.
std::vector<LegendPlace> legend_places(
    const std::vector<MaskClass>& classes, int64_t width, int64_t& height) {
  const int64_t line_px = text_height(kLetterScale) + kLegendGap;
  std::vector<LegendPlace> places;
  LegendPlace next = {kLegendGap, kLegendGap};
  for (const auto& entry : classes) {
    const int64_t entry_px =
        line_px + text_width(entry.name, kLetterScale) + 2 * kLegendGap;
    if (next.left > kLegendGap && next.left + entry_px > width) {
      next = {next.top + line_px, kLegendGap};
    }
    places.push_back(next);
    next.left += entry_px;
  }
  height = next.top + line_px;
  return places;
}

// `sheet` with the classes' colours and names below it.
raster::Image with_legend(
    const raster::Image& sheet, const std::vector<MaskClass>& classes) {
  int64_t legend_px = 0;
  const auto places = legend_places(classes, sheet.width(), legend_px);
  raster::Image picture(
      3, sheet.height() + legend_px, sheet.width(), raster::PixelType::kUint8);
  std::fill(picture.bytes().begin(), picture.bytes().end(), std::byte{255});
  for (int64_t c = 0; c < 3; ++c) {
    const auto src = sheet.band<uint8_t>(c);
    std::copy(src.begin(), src.end(), picture.band<uint8_t>(c).begin());
  }
  const int64_t side = text_height(kLetterScale);
  for (size_t i = 0; i < classes.size(); ++i) {
    const int64_t top = sheet.height() + places[i].top;
    const int64_t room = sheet.width() - places[i].left - side - kLegendGap;
    fill_square(classes[i].color, top, places[i].left, side, picture);
    draw_text(
        fitted_text(classes[i].name, kLetterScale, room),
        top,
        places[i].left + side + kLegendGap,
        kLetterScale,
        picture);
  }
  return picture;
}

}  // namespace

raster::Image segment_sheet(
    const MaskedImages& set,
    std::span<const Mask> masks,
    std::span<const std::vector<uint8_t>> predictions,
    const std::vector<MaskClass>& classes,
    int64_t max_images) {
  const int64_t count = std::min(set.size(), max_images);
  std::vector<SheetRow> rows;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t n = i * set.size() / count;
    const auto& mask = masks[n];
    const auto picture = visible_picture(
        set.images.dataset->read(set.images.indices[n]),
        set.images.dataset->bands());
    const double aspect =
        static_cast<double>(mask.width) / static_cast<double>(mask.height);
    const auto classes_picture = [&](const std::vector<uint8_t>& indices) {
      return SheetCell{
          class_picture(indices, mask.height, mask.width, classes), aspect};
    };
    rows.push_back(
        {row_title(set.name(n), mask, predictions[n], classes.size()),
         {{picture, aspect},
          classes_picture(mask.classes),
          classes_picture(predictions[n]),
          {error_picture(picture, mask, predictions[n]), aspect}}});
  }
  return with_legend(
      contact_sheet(
          {"image", "mask", "prediction", "errors in red"}, rows, kSheetCell),
      classes);
}

}  // namespace nadir::eval
