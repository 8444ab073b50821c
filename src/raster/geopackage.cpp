#include "raster/geopackage.h"

#include <cpl_string.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include "core/error.h"
#include "core/file.h"
#include "raster/gdal_dataset.h"
#include "raster/gdal_session.h"

namespace nadir::raster {
namespace {

size_t size_of(const AttributeColumn& column) {
  return std::visit(
      [](const auto& values) { return values.size(); }, column.values);
}

bool add_fields(OGRLayerH layer, const std::vector<AttributeColumn>& columns) {
  bool is_done = true;
  for (const auto& column : columns) {
    const bool is_text =
        std::holds_alternative<std::vector<std::string>>(column.values);
    auto* field =
        OGR_Fld_Create(column.name.c_str(), is_text ? OFTString : OFTReal);
    is_done = is_done && OGR_L_CreateField(layer, field, 0) == OGRERR_NONE;
    OGR_Fld_Destroy(field);
  }
  return is_done;
}

bool add_feature(OGRLayerH layer, const PolygonLayer& polygons, size_t row) {
  auto* feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
  for (size_t c = 0; c < polygons.columns.size(); ++c) {
    const auto field = static_cast<int>(c);
    const auto& values = polygons.columns[c].values;
    if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) {
      OGR_F_SetFieldString(feature, field, (*texts)[row].c_str());
    } else {
      OGR_F_SetFieldDouble(
          feature, field, std::get<std::vector<double>>(values)[row]);
    }
  }
  OGRGeometryH geometry = nullptr;
  const auto& wkb = polygons.wkb[row];
  bool is_done =
      OGR_G_CreateFromWkb(
          wkb.data(), nullptr, &geometry, static_cast<int>(wkb.size())) ==
      OGRERR_NONE;
  is_done = is_done &&
            OGR_F_SetGeometryDirectly(feature, geometry) == OGRERR_NONE &&
            OGR_L_CreateFeature(layer, feature) == OGRERR_NONE;
  OGR_F_Destroy(feature);
  return is_done;
}

OGRLayerH create_layer(GDALDatasetH dataset, const PolygonLayer& polygons) {
  auto* reference = OSRNewSpatialReference(nullptr);
  OSRSetFromUserInput(reference, polygons.crs.c_str());
  char** options =
      CSLSetNameValue(nullptr, "DESCRIPTION", polygons.description.c_str());
  auto* layer = GDALDatasetCreateLayer(
      dataset, polygons.name.c_str(), reference, wkbPolygon, options);
  CSLDestroy(options);
  OSRRelease(reference);
  return layer;
}

bool write_layer(
    const std::filesystem::path& path, const PolygonLayer& polygons) {
  auto* driver = GDALGetDriverByName("GPKG");
  DatasetPtr dataset(
      driver == nullptr
          ? nullptr
          : GDALCreate(driver, path.c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  if (!dataset) {
    return false;
  }
  auto* layer = create_layer(dataset.get(), polygons);
  bool is_done = layer != nullptr && add_fields(layer, polygons.columns) &&
                 GDALDatasetStartTransaction(dataset.get(), 0) == OGRERR_NONE;
  for (size_t row = 0; is_done && row < polygons.wkb.size(); ++row) {
    is_done = add_feature(layer, polygons, row);
  }
  return is_done && GDALDatasetCommitTransaction(dataset.get()) == OGRERR_NONE;
}

}  // namespace

void write_geopackage(
    const std::filesystem::path& path, const PolygonLayer& layer) {
  for (const auto& column : layer.columns) {
    NADIR_CHECK(
        size_of(column) == layer.wkb.size(),
        "column '{}' has {} values for {} polygons",
        column.name,
        size_of(column),
        layer.wkb.size());
  }
  register_gdal();
  write_file_with(path, [&](const std::filesystem::path& temporary) {
    const GdalErrors errors;
    if (!write_layer(temporary, layer)) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      fail(ErrorCode::kIo, "cannot write {}: {}", path.string(), errors.text());
    }
  });
}

}  // namespace nadir::raster
