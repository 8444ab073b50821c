#include "raster/gdal_dataset.h"

#include <cpl_conv.h>
#include <ogr_srs_api.h>

#include "core/error.h"
#include "raster/gdal_session.h"

namespace nadir::raster {

GDALDataType to_gdal(PixelType type) {
  switch (type) {
    case PixelType::kUint8:
      return GDT_Byte;
    case PixelType::kUint16:
      return GDT_UInt16;
    case PixelType::kInt16:
      return GDT_Int16;
    case PixelType::kFloat32:
      break;
  }
  return GDT_Float32;
}

namespace {

PixelType from_gdal(GDALDataType type, const std::string& name) {
  if (GDALDataTypeIsComplex(type)) {
    fail(ErrorCode::kCorruptData, "{}: complex pixels are not read", name);
  }
  switch (type) {
    case GDT_Byte:
      return PixelType::kUint8;
    case GDT_UInt16:
      return PixelType::kUint16;
    case GDT_Int16:
      return PixelType::kInt16;
    default:
      return PixelType::kFloat32;
  }
}

}  // namespace

RasterInfo info_of(GDALDatasetH dataset, const std::string& name) {
  RasterInfo info;
  info.num_bands = GDALGetRasterCount(dataset);
  info.height = GDALGetRasterYSize(dataset);
  info.width = GDALGetRasterXSize(dataset);
  if (info.num_bands == 0) {
    fail(ErrorCode::kCorruptData, "{}: has no raster bands", name);
  }
  auto type = GDALGetRasterDataType(GDALGetRasterBand(dataset, 1));
  for (int band = 1; band <= info.num_bands; ++band) {
    auto* handle = GDALGetRasterBand(dataset, band);
    type = GDALDataTypeUnion(type, GDALGetRasterDataType(handle));
    info.band_names.emplace_back(GDALGetDescription(handle));
  }
  info.type = from_gdal(type, name);
  GDALGetGeoTransform(dataset, info.georeference.transform.data());
  info.georeference.crs = GDALGetProjectionRef(dataset);
  int has_nodata = 0;
  const double nodata =
      GDALGetRasterNoDataValue(GDALGetRasterBand(dataset, 1), &has_nodata);
  if (has_nodata != 0) {
    info.nodata = nodata;
  }
  return info;
}

std::string to_wkt(const std::string& crs) {
  const GdalErrors errors;
  const std::unique_ptr<void, decltype(&OSRDestroySpatialReference)> reference(
      OSRNewSpatialReference(nullptr), &OSRDestroySpatialReference);
  char* wkt = nullptr;
  if (OSRSetFromUserInput(reference.get(), crs.c_str()) != OGRERR_NONE ||
      OSRExportToWkt(reference.get(), &wkt) != OGRERR_NONE) {
    CPLFree(wkt);
    fail(
        ErrorCode::kInvalidArgument,
        "unknown projection '{:.80}': {}",
        crs,
        errors.text());
  }
  std::string text = wkt;
  CPLFree(wkt);
  return text;
}

}  // namespace nadir::raster
