#include "scene/strip_cache.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace nadir::scene {
namespace {

using raster::Image;

// Rows from `src_row` on to rows from `dst_row` on, of images of one width.
void copy_rows(
    const Image& src,
    int64_t src_row,
    int64_t num_rows,
    int64_t dst_row,
    Image& dst) {
  const int64_t row_bytes = src.width() * raster::bytes_per_pixel(src.type());
  for (int64_t band = 0; band < src.num_bands(); ++band) {
    std::memcpy(
        dst.bytes().data() + (band * dst.height() + dst_row) * row_bytes,
        src.bytes().data() + (band * src.height() + src_row) * row_bytes,
        static_cast<size_t>(num_rows * row_bytes));
  }
}

}  // namespace

StripCache::StripCache(
    const Scene& scene,
    const WindowPlan& plan,
    int64_t last_row,
    int64_t num_kept)
    : scene_(scene),
      plan_(plan),
      last_row_(last_row),
      num_kept_(num_kept),
      reader_(scene.path()) {}

StripCache::~StripCache() = default;

std::shared_ptr<const Strip> StripCache::strip(int64_t window_row) {
  Future wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted = start(window_row);
    if (window_row < last_row_) {
      (void)start(window_row + 1);
    }
    std::erase_if(strips_, [&](const auto& entry) {
      // What is not read yet would be waited for here.
      return entry.first + num_kept_ < window_row &&
             entry.second.wait_for(std::chrono::seconds(0)) ==
                 std::future_status::ready;
    });
  }
  return wanted.get();
}

StripCache::Future StripCache::start(int64_t window_row) {
  auto& future = strips_[window_row];
  if (!future.valid()) {
    const auto before = strips_.find(window_row - 1);
    future =
        std::async(
            std::launch::async,
            [this,
             window_row,
             previous = before == strips_.end() ? Future()
                                                : before->second]() mutable {
              // Moved: the future keeps what the function holds.
              return read(window_row, std::move(previous));
            })
            .share();
  }
  return future;
}

StripCache::StripPtr StripCache::read(int64_t window_row, Future before) {
  auto strip = std::make_shared<Strip>();
  const int64_t height = plan_.rows.window_px();
  strip->first_row = plan_.rows.start(window_row);
  strip->pixels = Image(
      static_cast<int64_t>(scene_.places().size()),
      height,
      scene_.info().width,
      scene_.info().type);
  if (scene_.has_mask()) {
    strip->mask =
        Image(1, height, scene_.info().width, raster::PixelType::kUint8);
  }
  int64_t num_shared = 0;  // rows that the strip before has too
  if (before.valid()) {
    const StripPtr previous = before.get();
    const int64_t skipped = strip->first_row - previous->first_row;
    num_shared = std::max<int64_t>(0, height - skipped);
    copy_rows(previous->pixels, skipped, num_shared, 0, strip->pixels);
    if (strip->mask) {
      copy_rows(*previous->mask, skipped, num_shared, 0, *strip->mask);
    }
  }
  before = Future();
  const int64_t num_new = height - num_shared;
  const int64_t first_new = strip->first_row + num_shared;
  const std::lock_guard lock(reader_mutex_);
  reader_.read_rows(
      first_new, num_new, scene_.places(), num_shared, strip->pixels);
  if (strip->mask) {
    reader_.read_mask_rows(first_new, num_new, num_shared, *strip->mask);
  }
  return strip;
}

Image cut_columns(const Image& strip, int64_t col, int64_t width) {
  Image window(strip.num_bands(), strip.height(), width, strip.type());
  const int64_t pixel_bytes = raster::bytes_per_pixel(strip.type());
  const int64_t num_rows = strip.num_bands() * strip.height();
  for (int64_t row = 0; row < num_rows; ++row) {
    std::memcpy(
        window.bytes().data() + row * width * pixel_bytes,
        strip.bytes().data() + (row * strip.width() + col) * pixel_bytes,
        static_cast<size_t>(width * pixel_bytes));
  }
  return window;
}

}  // namespace nadir::scene
