// A dataset with one image file an image: JPEG, PNG or GeoTIFF. What
// image_folder.h and image_list.h open.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/catalog.h"
#include "raster/geotiff.h"

namespace nadir::data {

class PictureDataset : public CatalogDataset {
 public:
  // `files` belong to the catalog's rows. `file_bands` are the bands of every
  // file (picture_bands()), `places` those that read() gives, in order.
  PictureDataset(
      Catalog catalog,
      std::vector<std::filesystem::path> files,
      const std::vector<std::string>& file_bands,
      raster::PixelType type,
      std::vector<size_t> places,
      const std::string& kind,
      const std::string& path);

  // A grey image among colour ones is repeated to three bands; the fourth
  // (alpha) band of an image among colour ones is left out. Other numbers of
  // bands or other pixel types than the first image's are
  // Error{kCorruptData}.
  [[nodiscard]] raster::Image read(int64_t index) const override;

  [[nodiscard]] std::vector<std::filesystem::path> files(
      int64_t index) const override;

 private:
  std::vector<std::filesystem::path> files_;
  size_t num_file_bands_;
  raster::PixelType type_;
  std::vector<size_t> places_;
};

// Names of an image file's bands: those that a GeoTIFF states; else R,G,B for
// three bands, Y for one; the order of Sentinel-2 products for 12 bands; for
// 13 that of EuroSAT (B8A last) if the image is 64 x 64, else the products'
// (B8A after B08); else "1", "2", ... Colour with a fourth band is R,G,B,A.
[[nodiscard]] std::vector<std::string> picture_bands(
    const std::filesystem::path& file);

// The same of a TIFF that is open elsewhere, or lies in memory.
[[nodiscard]] std::vector<std::string> raster_bands(
    const raster::RasterInfo& info);

// Makes the dataset of the rows that `options` choose. The first file that can
// be read tells the bands, or a colour one of a few others where that is grey.
// Throws as open_dataset() does.
[[nodiscard]] std::unique_ptr<Dataset> make_picture_dataset(
    Catalog catalog,
    std::vector<std::filesystem::path> files,
    const DatasetOptions& options,
    const std::string& kind);

}  // namespace nadir::data
