// Coordinates from one projection to another, through PROJ. x is easting or
// longitude and y northing or latitude, whatever axis order a projection's
// definition states.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

namespace nadir::raster {

// The equal-area grid of Europe (ETRS89-LAEA) that index geometries are in.
inline constexpr char kIndexCrs[] = "EPSG:3035";

// One direction between two projections, each WKT or "EPSG:n". Not
// thread-safe: one per thread.
class Transformer {
 public:
  // Throws Error{kInvalidArgument} if PROJ does not know one of the two.
  Transformer(const std::string& source_crs, const std::string& target_crs);
  ~Transformer();
  Transformer(Transformer&&) noexcept;
  Transformer& operator=(Transformer&&) noexcept;

  // Replaces n points in place. False if one of them has no image, e.g.
  // because it lies outside the projection's domain; then the values are
  // unspecified. `x` and `y` have the same length.
  [[nodiscard]] bool transform(std::span<double> x, std::span<double> y) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Transformers to one projection, made once for each source: making one costs
// milliseconds, a transform microseconds. Not thread-safe.
class TransformerCache {
 public:
  explicit TransformerCache(std::string target_crs);

  // Throws as Transformer does.
  [[nodiscard]] const Transformer& from(const std::string& source_crs);

 private:
  std::string target_crs_;
  std::map<std::string, Transformer> transformers_;
};

// PROJ's version, "9.1.1".
[[nodiscard]] std::string proj_version();

// The projection as PROJJSON text, as GeoParquet's metadata wants it.
// Throws Error{kInvalidArgument} if PROJ does not know `crs`.
[[nodiscard]] std::string projjson(const std::string& crs);

}  // namespace nadir::raster
