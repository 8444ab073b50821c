#include "synth/tiff.h"

#include <array>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "core/ceil_div.h"
#include "core/error.h"

namespace nadir::synth {
namespace {

static_assert(std::endian::native == std::endian::little);

enum FieldType : uint16_t { kAscii = 2, kShort = 3, kLong = 4, kDouble = 12 };

class TiffWriter {
 public:
  explicit TiffWriter(uint16_t num_tags) {
    bytes_ = "II";
    append<uint16_t>(42);
    append<uint32_t>(8);
    append<uint16_t>(num_tags);
    extra_at_ = 8 + 2 + 12 * uint32_t{num_tags} + 4;
  }

  template <class T>
  void append(T value) {
    const size_t end = bytes_.size();
    bytes_.resize(end + sizeof(T));
    std::memcpy(bytes_.data() + end, &value, sizeof(T));
  }

  // One number, stored in the tag itself.
  void tag(uint16_t id, FieldType type, uint32_t value) {
    header(id, type, 1);
    append(value);
  }

  // A tag that points to bytes at `offset`.
  void tag_at(uint16_t id, FieldType type, uint32_t count, uint32_t offset) {
    header(id, type, count);
    append(offset);
  }

  // Reserves bytes behind the tags and returns where they lie.
  uint32_t reserve(size_t num_bytes) {
    const uint32_t offset = extra_at_;
    extra_at_ += static_cast<uint32_t>(num_bytes);
    return offset;
  }

  [[nodiscard]] uint32_t end() const { return extra_at_; }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  void header(uint16_t id, FieldType type, uint32_t count) {
    append(id);
    append<uint16_t>(type);
    append(count);
  }

  std::string bytes_;
  uint32_t extra_at_ = 0;
};

}  // namespace

std::string encode_band(
    std::span<const uint16_t> pixels,
    int size_px,
    int gsd_m,
    int utm_zone,
    double ulx,
    double uly) {
  NADIR_ASSERT(
      pixels.size() ==
      static_cast<size_t>(size_px) * static_cast<size_t>(size_px));
  constexpr uint32_t kMaxStripBytes = 8192;
  const auto size = static_cast<uint32_t>(size_px);
  const uint32_t rows_per_strip = std::min(size, kMaxStripBytes / (2 * size));
  const uint32_t num_strips = ceil_div(size, rows_per_strip);
  const std::string citation =
      fmt::format("WGS 84 / UTM zone {}N|WGS 84|", utm_zone);
  const auto utm_length = static_cast<uint16_t>(citation.size() - 7);
  const std::array<uint16_t, 32> geo_keys = {
      1,    1,     0,          7,           // version 1.1.0, seven keys
      1024, 0,     1,          1,           // model: projected
      1025, 0,     1,          1,           // raster: pixel is area
      1026, 34737, utm_length, 0,           // citation
      2049, 34737, 7,          utm_length,  // geographic citation
      2054, 0,     1,          9102,        // degrees
      3072, 0,     1,          static_cast<uint16_t>(32600 + utm_zone),
      3076, 0,     1,          9001};  // metres
  const std::array<double, 3> scale = {
      static_cast<double>(gsd_m), static_cast<double>(gsd_m), 0};
  const std::array<double, 6> tie_point = {0, 0, 0, ulx, uly, 0};

  TiffWriter tiff(15);
  const bool has_table = num_strips > 1;
  const uint32_t counts_at = has_table ? tiff.reserve(4 * num_strips) : 0;
  const uint32_t offsets_at = has_table ? tiff.reserve(4 * num_strips) : 0;
  const uint32_t scale_at = tiff.reserve(sizeof(scale));
  const uint32_t tie_point_at = tiff.reserve(sizeof(tie_point));
  const uint32_t geo_keys_at = tiff.reserve(sizeof(geo_keys));
  const uint32_t citation_at = tiff.reserve(citation.size() + 1);
  const uint32_t data_at = tiff.end();

  tiff.tag(256, kShort, size);
  tiff.tag(257, kShort, size);
  tiff.tag(258, kShort, 16);
  tiff.tag(259, kShort, 1);  // uncompressed
  tiff.tag(262, kShort, 1);  // black is zero
  tiff.tag_at(273, kLong, num_strips, has_table ? offsets_at : data_at);
  tiff.tag(277, kShort, 1);
  tiff.tag(278, kShort, rows_per_strip);
  tiff.tag_at(279, kLong, num_strips, has_table ? counts_at : 2 * size * size);
  tiff.tag(284, kShort, 1);
  tiff.tag(339, kShort, 1);  // unsigned
  tiff.tag_at(33550, kDouble, 3, scale_at);
  tiff.tag_at(33922, kDouble, 6, tie_point_at);
  tiff.tag_at(34735, kShort, 32, geo_keys_at);
  tiff.tag_at(
      34737, kAscii, static_cast<uint32_t>(citation.size() + 1), citation_at);
  tiff.append<uint32_t>(0);  // no further directory
  const uint32_t strip_bytes = 2 * size * rows_per_strip;
  if (has_table) {
    for (uint32_t s = 0; s < num_strips; ++s) {
      tiff.append(std::min(strip_bytes, 2 * size * size - s * strip_bytes));
    }
    for (uint32_t s = 0; s < num_strips; ++s) {
      tiff.append(data_at + s * strip_bytes);
    }
  }
  for (const double value : scale) {
    tiff.append(value);
  }
  for (const double value : tie_point) {
    tiff.append(value);
  }
  for (const uint16_t key : geo_keys) {
    tiff.append(key);
  }
  std::string bytes = tiff.take();
  bytes.append(citation.c_str(), citation.size() + 1);
  bytes.append(
      reinterpret_cast<const char*>(pixels.data()), pixels.size_bytes());
  return bytes;
}

}  // namespace nadir::synth
