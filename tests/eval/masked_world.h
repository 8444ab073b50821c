// A folder of small images with masks: bright squares are class 7, dark ground
// is class 3, a frame of value 0 is nobody's. For tests of segmentation.
#pragma once

#include <filesystem>
#include <string>

#include "core/file.h"
#include "core/random.h"
#include "raster/geotiff.h"
#include "raster/image_file.h"

namespace nadir::eval {

inline constexpr int64_t kWorldSide = 40;

// Ten-metre pixels of UTM 32N; images `step_px` apart overlap below 40.
inline raster::Georeference world_place(int64_t image, int64_t step_px) {
  raster::Georeference place;
  place.crs = "EPSG:32632";
  place.transform = {
      500000.0 + 10.0 * static_cast<double>(image * step_px),
      10,
      0,
      5000000,
      0,
      -10};
  return place;
}

// images/place_I.tif and masks/mask_I.tif of I = 0 .. num_images - 1.
inline void write_masked_world(
    const std::filesystem::path& folder,
    int64_t num_images,
    int64_t step_px = 100) {
  make_folder(folder / "images");
  make_folder(folder / "masks");
  for (int64_t i = 0; i < num_images; ++i) {
    RandomStream random(9, StreamPurpose::kTest, static_cast<uint64_t>(i));
    raster::Image image(3, kWorldSide, kWorldSide, raster::PixelType::kUint8);
    raster::Image mask(1, kWorldSide, kWorldSide, raster::PixelType::kUint8);
    const auto top = static_cast<int64_t>(random.uniform_int(3)) * 8;
    const auto left = static_cast<int64_t>(random.uniform_int(3)) * 8;
    for (int64_t row = 0; row < kWorldSide; ++row) {
      for (int64_t col = 0; col < kWorldSide; ++col) {
        const int64_t pixel = row * kWorldSide + col;
        const bool is_in =
            row >= top && row < top + 16 && col >= left && col < left + 16;
        const bool is_frame = row == 0 || col == 0;
        mask.band<uint8_t>(0)[pixel] = is_frame ? 0 : is_in ? 7 : 3;
        for (int64_t c = 0; c < 3; ++c) {
          image.band<uint8_t>(c)[pixel] =
              static_cast<uint8_t>((is_in ? 180 : 40) + random.uniform_int(40));
        }
      }
    }
    const auto number = std::to_string(i);
    const auto place = world_place(i, step_px);
    raster::write_geotiff(
        folder / "images" / ("place_" + number + ".tif"), image, place);
    raster::write_geotiff(
        folder / "masks" / ("mask_" + number + ".tif"), mask, place);
  }
}

}  // namespace nadir::eval
