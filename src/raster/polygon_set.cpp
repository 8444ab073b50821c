#include "raster/polygon_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include "core/config.h"
#include "core/error.h"
#include "raster/gdal_session.h"

namespace nadir::raster {
namespace {

struct DatasetCloser {
  void operator()(void* dataset) const { GDALClose(dataset); }
};

struct FeatureCloser {
  void operator()(OGRFeatureH feature) const { OGR_F_Destroy(feature); }
};

struct ReferenceCloser {
  void operator()(void* reference) const { OSRRelease(reference); }
};

struct GeometryCloser {
  void operator()(OGRGeometryH geometry) const {
    OGR_G_DestroyGeometry(geometry);
  }
};

using GeometryPtr =
    std::unique_ptr<std::remove_pointer_t<OGRGeometryH>, GeometryCloser>;
using FeaturePtr =
    std::unique_ptr<std::remove_pointer_t<OGRFeatureH>, FeatureCloser>;

struct NamedPolygon {
  std::string name;
  GeometryPtr geometry;
  OGREnvelope envelope{};
};

// How far (x, y) lies outside the envelope; 0 inside. Never more than the
// distance to what the envelope holds.
double distance_to(const OGREnvelope& envelope, double x, double y) {
  const double dx = std::max({envelope.MinX - x, 0.0, x - envelope.MaxX});
  const double dy = std::max({envelope.MinY - y, 0.0, y - envelope.MaxY});
  return std::hypot(dx, dy);
}

int attribute_index(
    OGRLayerH layer, const std::string& attribute, const std::string& path) {
  OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
  const int index = OGR_FD_GetFieldIndex(definition, attribute.c_str());
  if (index < 0) {
    std::vector<std::string> names;
    for (int i = 0; i < OGR_FD_GetFieldCount(definition); ++i) {
      names.emplace_back(
          OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(definition, i)));
    }
    fail(
        ErrorCode::kInvalidArgument,
        "{}: has no attribute '{}'; there are: {}",
        path,
        attribute,
        join(names, ", "));
  }
  return index;
}

bool is_polygon(OGRGeometryH geometry) {
  const auto type = wkbFlatten(OGR_G_GetGeometryType(geometry));
  return type == wkbPolygon || type == wkbMultiPolygon;
}

}  // namespace

struct PolygonSet::State {
  std::string path;
  std::vector<NamedPolygon> polygons;
};

PolygonSet::PolygonSet(
    const std::filesystem::path& path,
    const std::string& attribute,
    const std::string& crs)
    : state_(std::make_unique<State>()) {
  state_->path = path.string();
  if (!std::filesystem::exists(path)) {
    fail(ErrorCode::kNotFound, "{}: no such file", path.string());
  }
  const GdalErrors errors;
  const std::unique_ptr<void, DatasetCloser> dataset(GDALOpenEx(
      path.c_str(),
      GDAL_OF_VECTOR | GDAL_OF_READONLY,
      nullptr,
      nullptr,
      nullptr));
  if (!dataset || GDALDatasetGetLayerCount(dataset.get()) == 0) {
    fail(ErrorCode::kCorruptData, "{}: {}", path.string(), errors.text());
  }
  const std::unique_ptr<void, ReferenceCloser> target(
      OSRNewSpatialReference(nullptr));
  NADIR_CHECK(
      OSRSetFromUserInput(target.get(), crs.c_str()) == OGRERR_NONE,
      "unknown projection '{}'",
      crs);
  OSRSetAxisMappingStrategy(target.get(), OAMS_TRADITIONAL_GIS_ORDER);
  OGRLayerH layer = GDALDatasetGetLayer(dataset.get(), 0);
  const int index = attribute_index(layer, attribute, path.string());
  while (auto feature = FeaturePtr(OGR_L_GetNextFeature(layer))) {
    GeometryPtr geometry(OGR_F_StealGeometry(feature.get()));
    if (!geometry || !is_polygon(geometry.get())) {
      continue;
    }
    if (OGR_G_GetSpatialReference(geometry.get()) != nullptr &&
        OGR_G_TransformTo(geometry.get(), target.get()) != OGRERR_NONE) {
      fail(
          ErrorCode::kCorruptData,
          "{}: a polygon does not fit {}: {}",
          path.string(),
          crs,
          errors.text());
    }
    NamedPolygon polygon;
    polygon.name = OGR_F_GetFieldAsString(feature.get(), index);
    OGR_G_GetEnvelope(geometry.get(), &polygon.envelope);
    polygon.geometry = std::move(geometry);
    state_->polygons.push_back(std::move(polygon));
  }
  if (state_->polygons.empty()) {
    fail(ErrorCode::kCorruptData, "{}: holds no polygons", path.string());
  }
}

PolygonSet::~PolygonSet() = default;
PolygonSet::PolygonSet(PolygonSet&&) noexcept = default;
PolygonSet& PolygonSet::operator=(PolygonSet&&) noexcept = default;

int64_t PolygonSet::size() const {
  return static_cast<int64_t>(state_->polygons.size());
}

void PolygonSet::keep(const std::vector<std::string>& names) {
  std::vector<std::string> missing = names;
  std::erase_if(state_->polygons, [&](const NamedPolygon& polygon) {
    std::erase(missing, polygon.name);
    return std::find(names.begin(), names.end(), polygon.name) == names.end();
  });
  if (!missing.empty()) {
    fail(
        ErrorCode::kNotFound,
        "{}: has no polygon named {}; is the attribute the right one?",
        state_->path,
        join(missing, ", "));
  }
}

const std::string& PolygonSet::nearest(double x, double y) const {
  const GeometryPtr point(OGR_G_CreateGeometry(wkbPoint));
  OGR_G_SetPoint_2D(point.get(), 0, x, y);
  double best_distance = std::numeric_limits<double>::infinity();
  const NamedPolygon* best = &state_->polygons.front();
  for (const auto& polygon : state_->polygons) {
    if (distance_to(polygon.envelope, x, y) >= best_distance) {
      continue;
    }
    const double distance = OGR_G_Distance(point.get(), polygon.geometry.get());
    if (distance >= 0 && distance < best_distance) {
      best_distance = distance;
      best = &polygon;
    }
  }
  return best->name;
}

}  // namespace nadir::raster
