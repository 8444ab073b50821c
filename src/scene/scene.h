// A scene as `nadir map` takes it: a raster file with the bands that the
// network wants, and the rule by which its pixels are valid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "raster/image.h"
#include "raster/scene_reader.h"

namespace nadir::scene {

struct SceneOptions {
  std::string path;
  std::vector<std::string> bands;       // wanted, in order; empty: all
  std::vector<std::string> band_names;  // of the file's; empty: it says
  std::string nodata;                   // "" is what the file says
};

// Immutable.
class Scene {
 public:
  // Throws as raster::SceneReader and data::choose_bands(), and
  // Error{kInvalidArgument} where band_names are not one a band, or nodata is
  // neither a number nor "none".
  explicit Scene(const SceneOptions& options);

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] const raster::RasterInfo& info() const { return info_; }

  // Names of the bands that are read, in order.
  [[nodiscard]] const std::vector<std::string>& bands() const { return bands_; }

  [[nodiscard]] const std::vector<int>& places() const { return places_; }

  [[nodiscard]] const std::optional<double>& nodata() const { return nodata_; }

  [[nodiscard]] bool has_mask() const { return has_mask_; }

  // What tells whether this is the scene of an earlier call.
  [[nodiscard]] nlohmann::json identity() const;

  // Bytes of `num_rows` rows with their mask.
  [[nodiscard]] int64_t bytes_of_rows(int64_t num_rows) const;

 private:
  std::string path_;
  raster::RasterInfo info_;
  std::vector<std::string> bands_;
  std::vector<int> places_;
  std::optional<double> nodata_;
  bool has_mask_ = false;
  std::string file_state_;
};

// Throws Error{kInvalidArgument} naming both and the first of size,
// projection, place of the pixels and bands in which they differ.
void check_same_grid(const Scene& first, const Scene& second);

// Which pixels of an image that was read from `scene` are valid, row by row:
// those that the mask (null where there is none) does not exclude, that are
// finite in all bands, and that are not the nodata value in all bands.
[[nodiscard]] std::vector<uint8_t> valid_pixels(
    const Scene& scene, const raster::Image& image, const raster::Image* mask);

// Gives pixels that are not valid the mean of those that are, band by band.
void fill_invalid(const std::vector<uint8_t>& is_valid, raster::Image& image);

}  // namespace nadir::scene
