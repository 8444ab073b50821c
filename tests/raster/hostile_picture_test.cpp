// Pictures whose headers ask for far more memory or time than their bytes are
// worth, as a server may be sent them.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <jpeglib.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "raster/geotiff.h"
#include "raster/image_file.h"

namespace nadir::raster {
namespace {

constexpr int64_t kLimit = 1 << 20;

// What is said against a picture; it is said at once.
std::string refusal_of(const std::string& bytes) {
  const auto begun = std::chrono::steady_clock::now();
  std::string reason = "accepted";
  try {
    (void)decode_image(bytes, "picture", kLimit);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    reason = error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  return reason;
}

std::string progressive_jpeg() {
  constexpr JDIMENSION kSide = 16;
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &memory, &size);
  encoder.image_width = kSide;
  encoder.image_height = kSide;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  unsigned char pixels[3 * kSide] = {};
  for (JDIMENSION row = 0; row < kSide; ++row) {
    JSAMPROW rows = pixels;
    std::memset(pixels, static_cast<int>(10 * row), sizeof(pixels));
    jpeg_write_scanlines(&encoder, &rows, 1);
  }
  jpeg_finish_compress(&encoder);
  std::string bytes(reinterpret_cast<const char*>(memory), size);
  jpeg_destroy_compress(&encoder);
  std::free(memory);
  return bytes;
}

TEST(HostilePicture, OfALargeJpegHeaderIsRefusedBeforeItsScansAreRead) {
  auto bytes = progressive_jpeg();
  EXPECT_EQ(refusal_of(bytes), "accepted");
  const size_t frame = bytes.find("\xff\xc2");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xea\x60\xea\x60");  // 60,000 x 60,000
  EXPECT_NE(refusal_of(bytes).find("60000 x 60000"), std::string::npos);
}

TEST(HostilePicture, OfThousandsOfJpegScansIsRefused) {
  const auto bytes = progressive_jpeg();
  const size_t last_scan = bytes.rfind("\xff\xda");
  const auto scan = bytes.substr(last_scan, bytes.size() - 2 - last_scan);
  auto many = bytes.substr(0, bytes.size() - 2);
  for (int i = 0; i < 2000; ++i) {
    many += scan;
  }
  EXPECT_NE(refusal_of(many + "\xff\xd9").find("scans"), std::string::npos);
}

// 16 x 16 pixels in one tile of `side` x `side`.
std::string tiled_tiff(uint32_t side) {
  const std::vector<std::array<uint32_t, 4>> fields = {
      {256, 3, 1, 16},
      {257, 3, 1, 16},
      {258, 3, 1, 8},
      {259, 3, 1, 8},  // deflate
      {262, 3, 1, 1},
      {277, 3, 1, 1},
      {322, 4, 1, side},
      {323, 4, 1, side},
      {324, 4, 1, 8},
      {325, 4, 1, 4}};
  std::string bytes("II*\0\x08\0\0\0", 8);
  const auto append = [&bytes](auto value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  append(static_cast<uint16_t>(fields.size()));
  for (const auto& [tag, type, count, value] : fields) {
    append(static_cast<uint16_t>(tag));
    append(static_cast<uint16_t>(type));
    append(count);
    append(value);
  }
  append(uint32_t{0});
  return bytes;
}

TEST(HostilePicture, OfLargeTiffTilesIsRefusedBeforeTheyAreAllocated) {
  EXPECT_NE(
      refusal_of(tiled_tiff(32'768)).find("32768 x 32768"), std::string::npos);
}

}  // namespace
}  // namespace nadir::raster
