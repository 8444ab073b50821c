// Working memory of one thread: grows to the largest view, never shrinks.
#pragma once

#include <cstdint>
#include <vector>

#include "augment/resample_taps.h"

namespace nadir::augment {

// A buffer's contents last until the next function that uses the buffer.
struct Scratch {
  ResampleTaps row_taps;         // vertical: taps of output rows
  ResampleTaps col_taps;         // horizontal: taps of output columns
  bool rows_first = false;       // the vertical pass before the horizontal one
  std::vector<uint8_t> turned;   // the crop, transposed
  std::vector<uint8_t> widened;  // after the horizontal pass, transposed
  std::vector<uint8_t> rows;     // the same, rows again
  std::vector<uint8_t> planes;   // 8-bit view, all bands
  std::vector<uint8_t> plane;    // one 8-bit plane
  std::vector<float> float_planes;  // float counterparts
  std::vector<float> float_crop;
  std::vector<float> float_rows;
  std::vector<float> float_plane;
};

[[nodiscard]] Scratch& thread_scratch();

}  // namespace nadir::augment
