#include "raster/strip_tiff.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/ceil_div.h"

namespace nadir::raster {
namespace {

static_assert(std::endian::native == std::endian::little);

enum Tag : uint16_t {
  kImageWidth = 256,
  kImageLength = 257,
  kBitsPerSample = 258,
  kCompression = 259,
  kPhotometric = 262,
  kStripOffsets = 273,
  kOrientation = 274,
  kSamplesPerPixel = 277,
  kRowsPerStrip = 278,
  kStripByteCounts = 279,
  kTileWidth = 322,
  kSampleFormat = 339
};

constexpr uint16_t kTypeShort = 3;
constexpr uint16_t kTypeLong = 4;
constexpr int64_t kEntryBytes = 12;
constexpr int64_t kMaxSide = 1 << 20;

// A tag's values: `count` numbers of `width` bytes that start at `begin`.
struct Values {
  const char* begin = nullptr;
  int64_t count = 0;
  int64_t width = 0;

  [[nodiscard]] int64_t at(int64_t index) const {
    uint32_t value = 0;
    std::memcpy(&value, begin + index * width, static_cast<size_t>(width));
    return value;
  }
};

struct Directory {
  int64_t width = 0;
  int64_t height = 0;
  int64_t bits = 1;
  int64_t compression = 1;
  int64_t photometric = 1;
  int64_t orientation = 1;
  int64_t samples = 1;
  int64_t sample_format = 1;
  int64_t rows_per_strip = kMaxSide;
  bool is_tiled = false;
  Values offsets;
  Values byte_counts;
};

class Parser {
 public:
  Parser(std::string_view bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  [[nodiscard]] Directory directory() const {
    const auto begin = number<uint32_t>(4);
    const int64_t num_entries = number<uint16_t>(begin);
    Directory directory;
    for (int64_t i = 0; i < num_entries; ++i) {
      read_entry(begin + 2 + i * kEntryBytes, directory);
    }
    return directory;
  }

  // The bytes at [begin, begin + size).
  [[nodiscard]] const char* range(int64_t begin, int64_t size) const {
    if (begin < 0 || size < 0 || begin + size > num_bytes()) {
      fail(
          ErrorCode::kCorruptData,
          "{}: truncated GeoTIFF: bytes {} to {} are wanted, it has {}",
          name_,
          begin,
          begin + size,
          num_bytes());
    }
    return bytes_.data() + begin;
  }

 private:
  [[nodiscard]] int64_t num_bytes() const {
    return static_cast<int64_t>(bytes_.size());
  }

  template <class T>
  [[nodiscard]] T number(int64_t position) const {
    T value;
    std::memcpy(&value, range(position, sizeof(T)), sizeof(T));
    return value;
  }

  [[nodiscard]] Values values(int64_t entry) const {
    const auto type = number<uint16_t>(entry + 2);
    if (type != kTypeShort && type != kTypeLong) {
      return {};
    }
    Values values;
    values.count = number<uint32_t>(entry + 4);
    values.width = type == kTypeShort ? 2 : 4;
    const int64_t size = values.count * values.width;
    const int64_t begin = size <= 4 ? entry + 8 : number<uint32_t>(entry + 8);
    values.begin = range(begin, size);
    return values;
  }

  void read_entry(int64_t entry, Directory& directory) const {
    const auto tag = number<uint16_t>(entry);
    if (tag == kTileWidth) {
      directory.is_tiled = true;
      return;
    }
    if (tag == kStripOffsets) {
      directory.offsets = values(entry);
      return;
    }
    if (tag == kStripByteCounts) {
      directory.byte_counts = values(entry);
      return;
    }
    if (int64_t* field = single_field(tag, directory)) {
      const Values numbers = values(entry);
      *field = numbers.count == 1 ? numbers.at(0) : -1;
    }
  }

  static int64_t* single_field(uint16_t tag, Directory& directory) {
    switch (tag) {
      case kImageWidth:
        return &directory.width;
      case kImageLength:
        return &directory.height;
      case kBitsPerSample:
        return &directory.bits;
      case kCompression:
        return &directory.compression;
      case kPhotometric:
        return &directory.photometric;
      case kOrientation:
        return &directory.orientation;
      case kSamplesPerPixel:
        return &directory.samples;
      case kRowsPerStrip:
        return &directory.rows_per_strip;
      case kSampleFormat:
        return &directory.sample_format;
      default:
        return nullptr;
    }
  }

  std::string_view bytes_;
  const std::string& name_;
};

std::optional<PixelType> pixel_type(const Directory& directory) {
  if (directory.bits == 16 && directory.sample_format == 1) {
    return PixelType::kUint16;
  }
  if (directory.bits == 16 && directory.sample_format == 2) {
    return PixelType::kInt16;
  }
  if (directory.bits == 32 && directory.sample_format == 3) {
    return PixelType::kFloat32;
  }
  if (directory.bits == 8 && directory.sample_format == 1) {
    return PixelType::kUint8;
  }
  return std::nullopt;
}

bool is_this_layout(const Directory& directory) {
  return directory.compression == 1 && directory.photometric == 1 &&
         directory.orientation == 1 && directory.samples == 1 &&
         !directory.is_tiled && directory.width > 0 &&
         directory.width < kMaxSide && directory.height > 0 &&
         directory.height < kMaxSide && directory.rows_per_strip > 0;
}

}  // namespace

std::optional<Image> read_strip_tiff(
    std::string_view bytes, const std::string& name) {
  if (!bytes.starts_with(std::string_view("II*\0", 4))) {
    return std::nullopt;
  }
  const Parser parser(bytes, name);
  const Directory directory = parser.directory();
  const auto type = pixel_type(directory);
  if (!type || !is_this_layout(directory)) {
    return std::nullopt;
  }
  const int64_t rows = std::min(directory.rows_per_strip, directory.height);
  const int64_t num_strips = ceil_div(directory.height, rows);
  if (directory.offsets.count != num_strips ||
      directory.byte_counts.count != num_strips) {
    fail(
        ErrorCode::kCorruptData,
        "{}: damaged GeoTIFF: {} strips are wanted, it lists {}",
        name,
        num_strips,
        directory.offsets.count);
  }
  const int64_t row_bytes = directory.width * bytes_per_pixel(*type);
  // Before the pixels are allocated: a damaged size must not ask for gigabytes.
  (void)parser.range(0, row_bytes * directory.height);
  Image image(1, directory.height, directory.width, *type);
  for (int64_t strip = 0; strip < num_strips; ++strip) {
    const int64_t first_row = strip * rows;
    const int64_t wanted =
        std::min(rows, directory.height - first_row) * row_bytes;
    if (directory.byte_counts.at(strip) < wanted) {
      fail(
          ErrorCode::kCorruptData,
          "{}: damaged GeoTIFF: strip {} has {} bytes, {} are wanted",
          name,
          strip,
          directory.byte_counts.at(strip),
          wanted);
    }
    std::memcpy(
        image.bytes().data() + first_row * row_bytes,
        parser.range(directory.offsets.at(strip), wanted),
        static_cast<size_t>(wanted));
  }
  return image;
}

}  // namespace nadir::raster
