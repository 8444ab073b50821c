#include "raster/cog_writer.h"

#include <cmath>
#include <csignal>
#include <limits>

#include <gdal.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "raster/sample_images.h"

namespace nadir::raster {
namespace {

namespace fs = std::filesystem;

CogLayout cog_layout(int64_t height, int64_t width) {
  CogLayout layout;
  layout.height = height;
  layout.width = width;
  layout.georeference = coarser(utm33_grid(), 6);
  layout.band_names = {"water", "fields, or not"};
  layout.metadata = {{"NADIR_SCENE", "a & b.tif"}};
  return layout;
}

float cog_value(int64_t band, int64_t row, int64_t col) {
  return row == 3 && col == 4 ? std::numeric_limits<float>::quiet_NaN()
                              : 0.1F * static_cast<float>(row + 2 * col) +
                                    static_cast<float>(band);
}

void write_rows(CogWriter& writer, int64_t height, int64_t width) {
  std::vector<float> values(static_cast<size_t>(2 * width));
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t band = 0; band < 2; ++band) {
      for (int64_t col = 0; col < width; ++col) {
        values[band * width + col] = cog_value(band, row, col);
      }
    }
    writer.write_row(row, values);
  }
}

int64_t num_files(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), {});
}

TEST(CogWriter, WritesACloudOptimisedGeoTiff) {
  constexpr int64_t kHeight = 700;
  constexpr int64_t kWidth = 1300;
  const TemporaryFolder folder;
  const auto path = folder.path() / "new" / "map.tif";
  CogWriter writer(path, cog_layout(kHeight, kWidth));
  write_rows(writer, kHeight, kWidth);
  writer.finish();
  EXPECT_EQ(num_files(path.parent_path()), 1);

  const RasterReader reader(path);
  const auto& info = reader.info();
  EXPECT_EQ(info.band_names, cog_layout(1, 1).band_names);
  EXPECT_EQ(
      info.georeference.transform,
      (std::array<double, 6>{404400, 60, 0, 5342400, 0, -60}));
  EXPECT_NE(info.georeference.crs.find("UTM zone 33N"), std::string::npos);
  ASSERT_TRUE(info.nodata.has_value());
  EXPECT_TRUE(std::isnan(*info.nodata));
  const auto image = reader.read();
  for (int64_t band = 0; band < 2; ++band) {
    for (int64_t row = 0; row < kHeight; ++row) {
      for (int64_t col = 0; col < kWidth; ++col) {
        const float value = image.band<float>(band)[row * kWidth + col];
        const float wanted = cog_value(band, row, col);
        ASSERT_TRUE(
            value == wanted || (std::isnan(value) && std::isnan(wanted)))
            << band << " " << row << " " << col;
      }
    }
  }

  auto* dataset = GDALOpen(path.c_str(), GA_ReadOnly);
  ASSERT_NE(dataset, nullptr);
  EXPECT_STREQ(
      GDALGetMetadataItem(dataset, "LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(
      GDALGetMetadataItem(dataset, "COMPRESSION", "IMAGE_STRUCTURE"),
      "DEFLATE");
  EXPECT_STREQ(
      GDALGetMetadataItem(dataset, "NADIR_SCENE", nullptr), "a & b.tif");
  EXPECT_GE(GDALGetOverviewCount(GDALGetRasterBand(dataset, 1)), 1);
  GDALClose(dataset);
}

TEST(CogWriter, TakesGridsWithoutProjection) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "map.tif";
  auto layout = cog_layout(5, 6);
  layout.georeference = Georeference();
  CogWriter writer(path, layout);
  write_rows(writer, 5, 6);
  writer.finish();
  EXPECT_EQ(read_raster_info(path).georeference.crs, "");
}

TEST(CogWriter, LeavesNothingWhereItIsNotFinished) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "map.tif";
  write_file(path, "the old one");
  {
    CogWriter writer(path, cog_layout(5, 6));
    write_rows(writer, 5, 6);
  }
  catch_signals();
  {
    CogWriter writer(path, cog_layout(5, 6));
    write_rows(writer, 5, 6);
    std::raise(SIGTERM);
    EXPECT_THROW(writer.finish(), Stopped);
  }
  forget_signal();
  std::signal(SIGTERM, SIG_DFL);
  EXPECT_EQ(read_file(path), "the old one");
  EXPECT_EQ(num_files(folder.path()), 1);
}

TEST(CogWriter, RefusesWhatCannotBeWritten) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "");
  EXPECT_EQ(
      error_of([&] {
        const CogWriter writer(
            folder.path() / "file" / "map.tif", cog_layout(5, 6));
      }),
      ErrorCode::kIo);
  auto layout = cog_layout(5, 6);
  layout.georeference.crs = "EPSG:nonsense";
  EXPECT_EQ(
      error_of(
          [&] { const CogWriter writer(folder.path() / "map.tif", layout); }),
      ErrorCode::kInvalidArgument);
  EXPECT_EQ(num_files(folder.path()), 1);
}

}  // namespace
}  // namespace nadir::raster
