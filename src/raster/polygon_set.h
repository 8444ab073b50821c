// Named polygons of a vector file (countries), and which of them is nearest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace nadir::raster {

// Immutable after reading. Not thread-safe (GEOS contexts): one per thread,
// or one caller.
class PolygonSet {
 public:
  // Reads the first layer of any vector file that GDAL opens, its polygons
  // brought to `crs`, their names from the text attribute `attribute`.
  // Throws Error{kNotFound}; Error{kCorruptData} if GDAL cannot open it or it
  // has no polygons; Error{kInvalidArgument} if there is no such attribute
  // (naming those there are).
  PolygonSet(
      const std::filesystem::path& path,
      const std::string& attribute,
      const std::string& crs);
  ~PolygonSet();
  PolygonSet(PolygonSet&&) noexcept;
  PolygonSet& operator=(PolygonSet&&) noexcept;

  [[nodiscard]] int64_t size() const;

  // Keeps only polygons with one of these names; throws Error{kNotFound}
  // naming the names of which there is no polygon.
  void keep(const std::vector<std::string>& names);

  // The name of the polygon that holds (x, y), or else of the nearest.
  [[nodiscard]] const std::string& nearest(double x, double y) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::raster
