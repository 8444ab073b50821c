// Whole scenes, larger than memory, read some rows at a time: GeoTIFFs, COGs,
// and mosaics of them as GDAL's VRT, on this host or through GDAL's own file
// systems (/vsis3/, /vsicurl/, ...).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "raster/geotiff.h"
#include "raster/image.h"

namespace nadir::raster {

// An open scene. Not thread-safe; GDAL decodes the blocks of one read on
// several threads.
class SceneReader {
 public:
  // `name` is a path of this host or begins with /vsi. A file is opened as a
  // VRT only where its name ends in .vrt, since a VRT makes GDAL read what it
  // names. Throws Error{kNotFound} if there is no such file,
  // Error{kCorruptData} if GDAL cannot open it or its pixels are complex.
  explicit SceneReader(const std::string& name);
  ~SceneReader();
  SceneReader(SceneReader&&) noexcept;
  SceneReader& operator=(SceneReader&&) noexcept;

  [[nodiscard]] const RasterInfo& info() const;

  // Size and time of the file, to tell whether it has changed; of a VRT, of
  // the VRT alone.
  [[nodiscard]] std::string file_state() const;

  // Whether the file says by a mask or an alpha band which pixels are valid.
  [[nodiscard]] bool has_mask() const;

  // Reads rows row .. row + num_rows - 1 over the whole width into the rows of
  // `dst` from `dst_row` on: an image of the scene's width and type with one
  // band for each of `bands`, indices from 0. Throws Error{kCorruptData}.
  void read_rows(
      int64_t row,
      int64_t num_rows,
      std::span<const int> bands,
      int64_t dst_row,
      Image& dst) const;

  // The same for what the mask or the alpha band says: uint8, 0 where a pixel
  // is not valid. To be asked where has_mask().
  void read_mask_rows(
      int64_t row, int64_t num_rows, int64_t dst_row, Image& dst) const;

  // The whole scene, made smaller where it is wider or higher than `side_px`:
  // from overviews where there are any, by nearest neighbour.
  [[nodiscard]] Image read_reduced(
      int64_t side_px, std::span<const int> bands) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::raster
