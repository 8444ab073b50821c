// Work on rows shared out to LibTorch's threads in chunks that fit a
// processor's cache. Chunks are the same for any number of threads, so that
// sums over them are too.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <ATen/Parallel.h>

#include "core/aligned.h"
#include "core/ceil_div.h"
#include "ops/threads.h"

namespace nadir::ops {

// A multiple of the rows of every level's tile of registers.
constexpr int64_t kChunkRows = 48;

[[nodiscard]] constexpr int64_t num_chunks_of(int64_t num_rows) {
  return ceil_div(num_rows, kChunkRows);
}

// Calls work(item, scratch) for each item below `num_items`, whoever is free
// takes the next; `scratch` are `scratch_size` floats of the thread's own. What
// a call throws is thrown here.
template <class Work>
void for_each_item(int64_t num_items, int64_t scratch_size, Work&& work) {
  if (num_items == 0) {
    return;
  }
  std::atomic<int64_t> next = 0;
  const auto take_items = [&] {
    AlignedFloats scratch(scratch_size);
    for (int64_t item = next++; item < num_items; item = next++) {
      work(item, scratch.data());
    }
  };
  run_on_threads(
      std::min<int64_t>(num_items, at::get_num_threads()), take_items);
}

// Calls work(chunk, first row, number of rows, scratch) for each chunk.
template <class Work>
void for_each_chunk(int64_t num_rows, int64_t scratch_size, Work&& work) {
  for_each_item(
      num_chunks_of(num_rows),
      scratch_size,
      [&](int64_t chunk, float* scratch) {
        const int64_t first = chunk * kChunkRows;
        work(chunk, first, std::min(kChunkRows, num_rows - first), scratch);
      });
}

}  // namespace nadir::ops
