#include "raster/geotiff.h"

#include <cstring>

#include <gtest/gtest.h>

#include "core/file.h"
#include "raster/sample_images.h"
#include "raster/strip_tiff.h"
#include "support/shared_data.h"

namespace nadir::raster {
namespace {

TEST(Geotiff, WritesRealPatchesAsTheyAreLaidOut) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real imagery: set NADIR_SHARED_DATA";
  }
  const std::string patch = "S2A_MSIL2A_20170613T101031_87_48";
  const auto folder = shared_data() / "BigEarthNet-v1.0" / patch;
  for (const char* band : {"_B01.tif", "_B02.tif", "_B05.tif"}) {
    const auto path = folder / (patch + band);
    const RasterReader reader(path);
    const std::string bytes =
        encode_geotiff(reader.read(), reader.info().georeference);
    const std::string wanted = read_file(path);
    EXPECT_LE(wanted.size() - bytes.size(), 8U) << path;
    // The last strip with all that ends the file, byte for byte.
    EXPECT_TRUE(wanted.ends_with(bytes.substr(bytes.size() - 500))) << path;
    EXPECT_TRUE(read_strip_tiff(bytes, path.string()).has_value());
  }
}

TEST(Geotiff, KeepsProjectionAndGrid) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.tif";
  write_geotiff(path, counting_image<uint16_t>(1, 20, 30), utm33_grid());
  const RasterInfo info = read_raster_info(path);
  EXPECT_EQ(info.height, 20);
  EXPECT_EQ(info.width, 30);
  EXPECT_EQ(info.type, PixelType::kUint16);
  EXPECT_EQ(info.georeference.transform, utm33_grid().transform);
  EXPECT_NE(info.georeference.crs.find("UTM zone 33N"), std::string::npos);
  EXPECT_FALSE(info.nodata.has_value());
}

TEST(Geotiff, ReadsChosenBandsOfAWindow) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "scene.tif";
  write_geotiff(path, counting_image<uint16_t>(3, 20, 30), utm33_grid());
  const RasterReader reader(path);
  const std::vector<int> bands = {2, 0};
  const Image window = reader.read_window(5, 7, 2, 3, bands);
  ASSERT_EQ(window.num_bands(), 2);
  EXPECT_EQ(window.band<uint16_t>(0)[0], 2000 + 5 * 30 + 7);
  EXPECT_EQ(window.band<uint16_t>(0)[5], 2000 + 6 * 30 + 9);
  EXPECT_EQ(window.band<uint16_t>(1)[4], 6 * 30 + 8);
}

TEST(Geotiff, RefusesWindowsAndBandsOutside) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "scene.tif";
  write_geotiff(path, counting_image<uint8_t>(1, 4, 4), utm33_grid());
  const RasterReader reader(path);
  EXPECT_EQ(
      error_of([&] { (void)reader.read_window(1, 0, 4, 4); }),
      ErrorCode::kInvalidArgument);
  const std::vector<int> bands = {1};
  EXPECT_EQ(
      error_of([&] { (void)reader.read(bands); }), ErrorCode::kInvalidArgument);
}

TEST(Geotiff, ShiftsTheGridToAWindow) {
  const Georeference moved = shifted(utm33_grid(), 3, 5);
  EXPECT_EQ(moved.transform[0], 404400 + 50);
  EXPECT_EQ(moved.transform[3], 5342400 - 30);
  EXPECT_EQ(moved.crs, "EPSG:32633");
}

TEST(Geotiff, NamesTheFileThatIsMissingOrDamaged) {
  const TemporaryFolder folder;
  std::string message;
  EXPECT_EQ(
      error_of(
          [&] { (void)read_raster_info(folder.path() / "none.tif"); },
          &message),
      ErrorCode::kNotFound);
  EXPECT_NE(message.find("none.tif"), std::string::npos);
  EXPECT_EQ(
      error_of([] { (void)decode_raster("no picture", "odd.tif"); }, &message),
      ErrorCode::kCorruptData);
  EXPECT_NE(message.find("odd.tif"), std::string::npos);
  EXPECT_EQ(
      error_of([] { (void)decode_raster("", "empty.tif"); }),
      ErrorCode::kCorruptData);
}

// GDAL would follow a VRT to any file or address that it names.
TEST(Geotiff, FollowsNoVirtualRaster) {
  const TemporaryFolder folder;
  const auto secret = folder.path() / "secret.tif";
  write_geotiff(secret, counting_image<uint16_t>(1, 4, 4), utm33_grid());
  const std::string vrt =
      "<VRTDataset rasterXSize=\"4\" rasterYSize=\"4\"><VRTRasterBand "
      "dataType=\"UInt16\" band=\"1\"><SimpleSource><SourceFilename>" +
      secret.string() +
      "</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
      "</VRTRasterBand></VRTDataset>";
  EXPECT_EQ(
      error_of([&] { (void)decode_raster(vrt, "X_B02.tif"); }),
      ErrorCode::kCorruptData);
  const auto path = folder.path() / "scene.tif";
  write_file(path, vrt);
  EXPECT_EQ(
      error_of([&] { (void)read_raster_info(path); }), ErrorCode::kCorruptData);
}

// Sets the value of a tag of a little-endian TIFF with one directory.
void set_tag(std::string& tiff, uint16_t tag, uint32_t value) {
  uint32_t directory = 0;
  std::memcpy(&directory, tiff.data() + 4, sizeof(directory));
  uint16_t num_entries = 0;
  std::memcpy(&num_entries, tiff.data() + directory, sizeof(num_entries));
  for (uint16_t i = 0; i < num_entries; ++i) {
    char* entry = tiff.data() + directory + 2 + 12 * i;
    uint16_t entry_tag = 0;
    std::memcpy(&entry_tag, entry, sizeof(entry_tag));
    if (entry_tag == tag) {
      std::memcpy(entry + 8, &value, sizeof(value));
    }
  }
}

TEST(Geotiff, AllocatesNothingForAHeaderThatClaimsTooMuch) {
  std::string tiff = encode_geotiff(counting_image<uint8_t>(1, 8, 8), {});
  constexpr uint16_t kWidth = 256;
  constexpr uint16_t kHeight = 257;
  constexpr uint16_t kCompression = 259;
  set_tag(tiff, kWidth, 65'000);
  set_tag(tiff, kHeight, 65'000);
  set_tag(tiff, kCompression, 8);  // deflate, so that GDAL is asked
  std::string message;
  EXPECT_EQ(
      error_of([&] { (void)decode_raster(tiff, "huge.tif"); }, &message),
      ErrorCode::kCorruptData);
  EXPECT_NE(message.find("65000 x 65000"), std::string::npos) << message;
}

TEST(Geotiff, DecodesSeveralBandsFromMemory) {
  const Image image = counting_image<float>(3, 7, 5);
  const Image read = decode_raster(encode_geotiff(image, {}), "three bands");
  ASSERT_EQ(read.num_bands(), 3);
  ASSERT_EQ(read.type(), PixelType::kFloat32);
  EXPECT_EQ(read.band<float>(2)[34], 2034.0F);
}

TEST(Geotiff, RefusesAnUnknownProjection) {
  const Georeference odd{"EPSG:1", {0, 1, 0, 0, 0, 1}};
  EXPECT_EQ(
      error_of(
          [&] { (void)encode_geotiff(counting_image<uint8_t>(1, 2, 2), odd); }),
      ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace nadir::raster
