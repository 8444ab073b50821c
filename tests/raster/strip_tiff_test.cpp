#include "raster/strip_tiff.h"

#include <cstring>

#include <gtest/gtest.h>

#include "core/file.h"
#include "raster/geotiff.h"
#include "raster/sample_images.h"
#include "support/shared_data.h"

namespace nadir::raster {
namespace {

// As BigEarthNet's 10 m bands: 4 strips of 34 rows.
std::string tile_bytes() {
  return encode_geotiff(counting_image<uint16_t>(1, 120, 120), utm33_grid());
}

template <class T>
void expect_round_trip(int64_t height, int64_t width) {
  const Image image = counting_image<T>(1, height, width);
  const auto read =
      read_strip_tiff(encode_geotiff(image, utm33_grid()), "tile");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->height(), height);
  EXPECT_EQ(read->width(), width);
  ASSERT_EQ(read->type(), image.type());
  EXPECT_TRUE(std::equal(
      image.bytes().begin(), image.bytes().end(), read->bytes().begin()));
}

TEST(StripTiff, ReadsEveryPixelTypeAndStripCount) {
  expect_round_trip<uint16_t>(120, 120);
  expect_round_trip<uint16_t>(20, 20);
  expect_round_trip<uint8_t>(1, 1);
  expect_round_trip<int16_t>(33, 65);
  expect_round_trip<float>(120, 120);
}

TEST(StripTiff, LeavesOtherLayoutsToGdal) {
  EXPECT_FALSE(read_strip_tiff("", "x").has_value());
  EXPECT_FALSE(read_strip_tiff("II*", "x").has_value());
  EXPECT_FALSE(read_strip_tiff("MM no tiff of ours", "x").has_value());
  const std::string two_bands =
      encode_geotiff(counting_image<uint16_t>(2, 20, 20), utm33_grid());
  EXPECT_FALSE(read_strip_tiff(two_bands, "x").has_value());
}

TEST(StripTiff, RefusesEveryTruncation) {
  const std::string whole = tile_bytes();
  for (size_t size = 4; size < whole.size(); size += 97) {
    std::string message;
    EXPECT_EQ(
        error_of(
            [&] { (void)read_strip_tiff(whole.substr(0, size), "P_B02.tif"); },
            &message),
        ErrorCode::kCorruptData)
        << size;
    EXPECT_NE(message.find("P_B02.tif"), std::string::npos);
  }
}

// Any byte of the header may be wrong; the reader may refuse, hand over to
// GDAL or read wrong pixels, but stays inside the bytes (asan watches).
TEST(StripTiff, StaysInsideTheBytesWhateverTheHeaderSays) {
  const std::string whole = tile_bytes();
  for (size_t position = 4; position < 400; ++position) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[position] = value;
      const auto code =
          error_of([&] { (void)read_strip_tiff(damaged, "damaged"); });
      EXPECT_TRUE(!code || *code == ErrorCode::kCorruptData);
    }
  }
}

TEST(StripTiff, EqualsGdalOnRealPatches) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  int num_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           shared_data() / "BigEarthNet-v1.0")) {
    if (entry.path().extension() != ".tif") {
      continue;
    }
    const auto own =
        read_strip_tiff(read_file(entry.path()), entry.path().string());
    const Image gdal = RasterReader(entry.path()).read();
    ASSERT_TRUE(own.has_value()) << entry.path();
    ASSERT_EQ(own->type(), gdal.type());
    ASSERT_EQ(own->bytes().size(), gdal.bytes().size());
    EXPECT_EQ(
        std::memcmp(
            own->bytes().data(), gdal.bytes().data(), gdal.bytes().size()),
        0)
        << entry.path();
    ++num_files;
  }
  EXPECT_EQ(num_files, 11 * 12);
}

}  // namespace
}  // namespace nadir::raster
