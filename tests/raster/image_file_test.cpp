#include "raster/image_file.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "core/file.h"
#include "raster/sample_images.h"
#include "support/shared_data.h"

namespace nadir::raster {
namespace {

void expect_png_round_trip(int64_t num_bands) {
  const Image image = counting_image<uint8_t>(num_bands, 9, 13);
  const Image read = decode_image(encode_png(image), "a.png");
  ASSERT_EQ(read.num_bands(), std::min<int64_t>(num_bands, 3));
  for (int64_t band = 0; band < read.num_bands(); ++band) {
    const auto wanted = image.band<uint8_t>(band);
    const auto got = read.band<uint8_t>(band);
    EXPECT_TRUE(
        std::equal(wanted.begin(), wanted.end(), got.begin(), got.end()));
  }
}

TEST(ImageFile, ReadsBackThePngItWrites) {
  expect_png_round_trip(1);
  expect_png_round_trip(3);
}

TEST(ImageFile, DropsTheAlphaChannelOfAPng) {
  Image image = counting_image<uint8_t>(4, 9, 13);
  std::ranges::fill(image.band<uint8_t>(3), uint8_t{255});
  const Image read = decode_image(encode_png(image), "alpha.png");
  EXPECT_EQ(read.num_bands(), 3);
  EXPECT_EQ(read.band<uint8_t>(2)[5], image.band<uint8_t>(2)[5]);
}

TEST(ImageFile, GoesByContentAndNotByName) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "really_a_png.jpg";
  write_png(path, counting_image<uint8_t>(3, 4, 4));
  EXPECT_EQ(read_image(path).num_bands(), 3);
  const auto tiff = folder.path() / "tile.png";
  write_geotiff(tiff, counting_image<uint16_t>(2, 4, 4), utm33_grid());
  EXPECT_EQ(read_image(tiff).type(), PixelType::kUint16);
}

TEST(ImageFile, RefusesPngsThatAreCutOrDamaged) {
  const std::string whole = encode_png(counting_image<uint8_t>(3, 40, 40));
  for (size_t size = 9; size + 1 < whole.size(); size += 50) {
    EXPECT_EQ(
        error_of([&] { (void)decode_image(whole.substr(0, size), "a.png"); }),
        ErrorCode::kCorruptData)
        << size;
  }
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 0x55;
  EXPECT_EQ(
      error_of([&] { (void)decode_image(damaged, "a.png"); }),
      ErrorCode::kCorruptData);
}

uint32_t png_crc(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0);
    }
  }
  return ~crc;
}

void put_big_endian(std::string& bytes, size_t at, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes[at++] = static_cast<char>(value >> shift);
  }
}

TEST(ImageFile, AllocatesNothingForAPngThatClaimsTooMuch) {
  std::string png = encode_png(counting_image<uint8_t>(3, 4, 4));
  constexpr size_t kHeader = 12;  // "IHDR", width, height, five bytes, CRC
  put_big_endian(png, kHeader + 4, 900'000);
  put_big_endian(png, kHeader + 8, 900'000);
  put_big_endian(
      png, kHeader + 17, png_crc(std::string_view(png).substr(kHeader, 17)));
  std::string message;
  EXPECT_EQ(
      error_of([&] { (void)decode_image(png, "huge.png"); }, &message),
      ErrorCode::kCorruptData);
  EXPECT_NE(message.find("900000 x 900000"), std::string::npos) << message;
}

TEST(ImageFile, RefusesOtherKindsOfFileNamingThem) {
  std::string message;
  EXPECT_EQ(
      error_of([] { (void)decode_image("GIF89a", "x.gif"); }, &message),
      ErrorCode::kCorruptData);
  EXPECT_NE(message.find("x.gif"), std::string::npos);
  EXPECT_EQ(
      error_of([] { (void)decode_image("", "empty.jpg"); }),
      ErrorCode::kCorruptData);
}

TEST(ImageFile, RefusesToEncodeWhatPngCannotHold) {
  EXPECT_EQ(
      error_of([] { (void)encode_png(counting_image<uint16_t>(1, 2, 2)); }),
      ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      error_of([] { (void)encode_png(counting_image<uint8_t>(2, 2, 2)); }),
      ErrorCode::kInvalidArgument);
}

// The first real JPEG of EuroSAT_RGB.tar: a tar member is 512 bytes of header
// with its octal size at 124, then the bytes.
std::string real_jpeg() {
  const auto tar = shared_data() / "EuroSAT_RGB.tar";
  std::ifstream file(tar, std::ios::binary);
  std::string header(512, '\0');
  while (file.read(header.data(), 512)) {
    const auto size = std::stoull(header.substr(124, 11), nullptr, 8);
    std::string bytes((size + 511) / 512 * 512, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (header.substr(0, 100).find(".jpg") != std::string::npos) {
      return bytes.substr(0, size);
    }
  }
  return "";
}

TEST(ImageFile, ReadsJpegsAndRefusesThemCutShort) {
  if (shared_data().empty() ||
      !std::filesystem::exists(shared_data() / "EuroSAT_RGB.tar")) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  const std::string whole = real_jpeg();
  const Image image = decode_image(whole, "real.jpg");
  EXPECT_EQ(image.num_bands(), 3);
  EXPECT_EQ(image.height(), 64);
  EXPECT_EQ(image.width(), 64);
  for (const size_t part : {2, 3, 10}) {
    EXPECT_EQ(
        error_of([&] {
          (void)decode_image(whole.substr(0, whole.size() / part), "cut.jpg");
        }),
        ErrorCode::kCorruptData);
  }
}

}  // namespace
}  // namespace nadir::raster
