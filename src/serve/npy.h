// Arrays of NumPy's .npy format (NEP 1, versions 1 to 3) in memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raster/image.h"

namespace nadir::serve {

// Points into the bytes it was parsed from.
struct NpyArray {
  raster::PixelType type = raster::PixelType::kUint8;
  std::vector<int64_t> shape;  // row-major
  const char* values = nullptr;
};

// Throws Error{kCorruptData} saying what is wrong: other types than |u1, <u2,
// <i2 and <f4, Fortran's order, more than four dimensions, an empty array, or
// bytes that are too few or too many.
[[nodiscard]] NpyArray parse_npy(std::string_view bytes);

// A float32 array [rows, values.size() / rows] as a file.
[[nodiscard]] std::string encode_npy(
    std::span<const float> values, int64_t rows);

}  // namespace nadir::serve
