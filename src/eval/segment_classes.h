// Classes of masks: the value of their pixels, a name, a colour.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "raster/image.h"

namespace nadir::eval {

using Color = std::array<uint8_t, 3>;

struct MaskClass {
  int64_t value = 0;  // of the pixels of masks
  std::string name;
  Color color{};
};

// The most classes; kIgnoredPixel is the next number.
inline constexpr int64_t kMaxMaskClasses = 255;

// The colour of class `index` where the user gives none: eight that people
// with any colour vision tell apart (Okabe and Ito 2008), then hues.
[[nodiscard]] Color default_color(int64_t index);

// "#e6194b".
[[nodiscard]] std::string color_text(const Color& color);

// Throws Error{kInvalidArgument} for other texts than "#rrggbb".
[[nodiscard]] Color parse_color(const std::string& text);

// Classes from "VALUE=NAME" or "VALUE=NAME:#rrggbb", or from the one CSV file
// that `entries` name: a header with value, name and optionally color. Throws
// Error{kInvalidArgument}, naming the entry, where it is neither, or a value or
// name stands there twice.
[[nodiscard]] std::vector<MaskClass> parse_mask_classes(
    const std::vector<std::string>& entries);

// A class for each of the values, named after it.
[[nodiscard]] std::vector<MaskClass> classes_of_values(
    const std::vector<int64_t>& values);

// An RGB picture of class indices [height * width]; kIgnoredPixel is white.
[[nodiscard]] raster::Image class_picture(
    const std::vector<uint8_t>& indices,
    int64_t height,
    int64_t width,
    const std::vector<MaskClass>& classes);

}  // namespace nadir::eval
