#include "augment/resize.h"

#include <algorithm>
#include <cmath>

#include "core/ceil_div.h"
#include "kernels/resample.h"
#include "kernels/transpose.h"

namespace nadir::augment {
namespace {

// Rows of scratch planes are a multiple of this many bytes apart, so that
// kernels have no tails; what is computed in the padding is never read.
constexpr int64_t kRowBytes = 64;
constexpr int64_t kLanes = 16;  // of the widest resampling kernel

int64_t padded(int64_t width) {
  return round_up(width, kRowBytes);
}

template <class T>
T* grown(std::vector<T>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) {
    buffer.resize(static_cast<size_t>(size));
  }
  return buffer.data();
}

// The horizontal pass, run as a vertical one over the transposed rows.
void widen(
    const uint8_t* src,
    int64_t src_stride,
    int64_t height,
    int64_t width,
    Scratch& scratch,
    uint8_t* dst,
    int64_t dst_stride) {
  const kernels::RowTaps taps = scratch.col_taps.fixed();
  const int64_t turned_stride = padded(height);
  uint8_t* turned = grown(scratch.turned, width * turned_stride);
  uint8_t* widened = grown(scratch.widened, taps.num_rows * turned_stride);
  kernels::transpose(src, src_stride, height, width, turned, turned_stride);
  kernels::resample_rows(
      turned,
      turned_stride,
      taps,
      round_up(height, kLanes),
      widened,
      turned_stride);
  kernels::transpose(
      widened, turned_stride, taps.num_rows, height, dst, dst_stride);
}

float held(float value) {
  return std::isnan(value) ? 0.0F : std::clamp(value, -kMaxUnit, kMaxUnit);
}

}  // namespace

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

void set_taps(Scratch& scratch, const AxisPart& rows, const AxisPart& cols) {
  scratch.row_taps.compute(rows.in_size, rows.out_size, rows.begin, rows.count);
  scratch.col_taps.compute(cols.in_size, cols.out_size, cols.begin, cols.count);
  // Pillow 13's order, read off its results: the rows go first where they
  // lose more than twice as many pixels as the columns do.
  const int64_t rows_lost = rows.in_size - rows.out_size;
  const int64_t cols_lost = cols.in_size - cols.out_size;
  scratch.rows_first = rows_lost > 0 && rows_lost > 2 * cols_lost;
}

void resize_plane(
    const uint8_t* plane,
    int64_t stride,
    const CropBox& box,
    Scratch& scratch,
    uint8_t* dst) {
  const int64_t out_width = scratch.col_taps.size();
  const int64_t out_height = scratch.row_taps.size();
  const uint8_t* cut = plane + box.top * stride + box.left;
  if (scratch.rows_first) {
    const int64_t width_bytes = padded(box.width);
    uint8_t* rows = grown(scratch.rows, out_height * width_bytes);
    kernels::resample_rows(
        cut, stride, scratch.row_taps.fixed(), box.width, rows, width_bytes);
    widen(rows, width_bytes, out_height, box.width, scratch, dst, out_width);
    return;
  }
  const int64_t row_bytes = padded(out_width);
  uint8_t* rows = grown(scratch.rows, box.height * row_bytes);
  widen(cut, stride, box.height, box.width, scratch, rows, row_bytes);
  kernels::resample_rows(
      rows, row_bytes, scratch.row_taps.fixed(), out_width, dst, out_width);
}

void resize_plane(
    const float* plane,
    int64_t stride,
    const CropBox& box,
    Scratch& scratch,
    float* dst) {
  const ResampleTaps& col_taps = scratch.col_taps;
  const ResampleTaps& row_taps = scratch.row_taps;
  const int64_t out_width = col_taps.size();
  float* crop = grown(scratch.float_crop, box.width);
  float* rows = grown(scratch.float_rows, box.height * out_width);
  for (int64_t r = 0; r < box.height; ++r) {
    const float* src = plane + (box.top + r) * stride + box.left;
    for (int64_t c = 0; c < box.width; ++c) {
      crop[c] = held(src[c]);
    }
    for (int64_t x = 0; x < out_width; ++x) {
      const double* weights = col_taps.weights(x);
      double sum = 0;
      for (int32_t t = 0; t < col_taps.num_taps(x); ++t) {
        sum += weights[t] * crop[col_taps.first(x) + t];
      }
      rows[r * out_width + x] = static_cast<float>(sum);
    }
  }
  for (int64_t y = 0; y < row_taps.size(); ++y) {
    const double* weights = row_taps.weights(y);
    float* out = dst + y * out_width;
    std::fill(out, out + out_width, 0.0F);
    for (int32_t t = 0; t < row_taps.num_taps(y); ++t) {
      const auto weight = static_cast<float>(weights[t]);
      const float* src = rows + (row_taps.first(y) + t) * out_width;
      for (int64_t x = 0; x < out_width; ++x) {
        out[x] += weight * src[x];
      }
    }
  }
}

}  // namespace nadir::augment
