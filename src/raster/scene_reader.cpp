#include "raster/scene_reader.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include <cpl_vsi.h>
#include <gdal.h>

#include <fmt/format.h>

#include "core/error.h"
#include "raster/gdal_dataset.h"
#include "raster/gdal_session.h"

namespace nadir::raster {

struct SceneReader::State {
  std::string name;
  DatasetPtr dataset;
  RasterInfo info;

  void check_rows(
      int64_t row, int64_t num_rows, int64_t dst_row, const Image& dst) const {
    NADIR_ASSERT(
        dst.width() == info.width && dst_row >= 0 &&
        dst_row + num_rows <= dst.height());
    NADIR_CHECK(
        row >= 0 && num_rows > 0 && row + num_rows <= info.height,
        "{}: rows {} to {} are not inside its {}",
        name,
        row,
        row + num_rows,
        info.height);
  }

  [[nodiscard]] std::vector<int> numbers_of(std::span<const int> bands) const {
    std::vector<int> numbers;
    for (const int band : bands) {
      NADIR_CHECK(
          band >= 0 && band < info.num_bands,
          "{}: band {} is not there, it has {}",
          name,
          band + 1,
          info.num_bands);
      numbers.push_back(band + 1);
    }
    return numbers;
  }

  [[noreturn]] void fail_with(const GdalErrors& errors) const {
    fail(ErrorCode::kCorruptData, "{}: {}", name, errors.text());
  }

  [[nodiscard]] GDALRasterBandH first_band() const {
    return GDALGetRasterBand(dataset.get(), 1);
  }
};

SceneReader::SceneReader(const std::string& name)
    : state_(std::make_unique<State>()) {
  const GdalErrors errors;
  const bool is_virtual = name.starts_with("/vsi");
  if (!is_virtual && !std::filesystem::exists(name)) {
    fail(ErrorCode::kNotFound, "{}: no such file", name);
  }
  state_->name = name;
  const char* tiff[] = {"GTiff", nullptr};
  const char* vrt[] = {"VRT", nullptr};
  const char* threads[] = {"NUM_THREADS=ALL_CPUS", nullptr};
  const bool is_vrt = name.ends_with(".vrt") || name.ends_with(".VRT");
  state_->dataset.reset(GDALOpenEx(
      name.c_str(),
      GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
      is_vrt ? vrt : tiff,
      is_vrt ? nullptr : threads,
      nullptr));
  if (!state_->dataset) {
    VSIStatBufL status;
    const bool is_missing = VSIStatL(name.c_str(), &status) != 0;
    fail(
        is_missing ? ErrorCode::kNotFound : ErrorCode::kCorruptData,
        "{}: {}",
        name,
        errors.text());
  }
  state_->info = info_of(state_->dataset.get(), name);
}

SceneReader::~SceneReader() = default;
SceneReader::SceneReader(SceneReader&&) noexcept = default;
SceneReader& SceneReader::operator=(SceneReader&&) noexcept = default;

const RasterInfo& SceneReader::info() const {
  return state_->info;
}

std::string SceneReader::file_state() const {
  VSIStatBufL status;
  if (VSIStatL(state_->name.c_str(), &status) != 0) {
    return "";
  }
  return fmt::format(
      "{} bytes of {}",
      static_cast<int64_t>(status.st_size),
      static_cast<int64_t>(status.st_mtime));
}

bool SceneReader::has_mask() const {
  return (GDALGetMaskFlags(state_->first_band()) & GMF_PER_DATASET) != 0;
}

void SceneReader::read_rows(
    int64_t row,
    int64_t num_rows,
    std::span<const int> bands,
    int64_t dst_row,
    Image& dst) const {
  state_->check_rows(row, num_rows, dst_row, dst);
  auto numbers = state_->numbers_of(bands);
  NADIR_ASSERT(static_cast<int64_t>(numbers.size()) == dst.num_bands());
  const GdalErrors errors;
  const auto width = static_cast<int>(dst.width());
  const auto height = static_cast<int>(num_rows);
  const int64_t row_bytes = dst.width() * bytes_per_pixel(dst.type());
  const auto result = GDALDatasetRasterIOEx(
      state_->dataset.get(),
      GF_Read,
      0,
      static_cast<int>(row),
      width,
      height,
      dst.bytes().data() + dst_row * row_bytes,
      width,
      height,
      to_gdal(dst.type()),
      static_cast<int>(numbers.size()),
      numbers.data(),
      0,
      row_bytes,
      dst.height() * row_bytes,
      nullptr);
  if (result != CE_None) {
    state_->fail_with(errors);
  }
}

void SceneReader::read_mask_rows(
    int64_t row, int64_t num_rows, int64_t dst_row, Image& dst) const {
  state_->check_rows(row, num_rows, dst_row, dst);
  NADIR_ASSERT(dst.type() == PixelType::kUint8);
  const GdalErrors errors;
  const auto width = static_cast<int>(dst.width());
  const auto height = static_cast<int>(num_rows);
  const auto result = GDALRasterIO(
      GDALGetMaskBand(state_->first_band()),
      GF_Read,
      0,
      static_cast<int>(row),
      width,
      height,
      dst.bytes().data() + dst_row * dst.width(),
      width,
      height,
      GDT_Byte,
      0,
      0);
  if (result != CE_None) {
    state_->fail_with(errors);
  }
}

Image SceneReader::read_reduced(
    int64_t side_px, std::span<const int> bands) const {
  const auto& info = state_->info;
  const double factor = std::min(
      1.0,
      static_cast<double>(side_px) /
          static_cast<double>(std::max(info.height, info.width)));
  const auto reduced = [&](int64_t size) {
    return std::max<int64_t>(
        1, std::llround(factor * static_cast<double>(size)));
  };
  auto numbers = state_->numbers_of(bands);
  Image image(
      static_cast<int64_t>(numbers.size()),
      reduced(info.height),
      reduced(info.width),
      info.type);
  const GdalErrors errors;
  const auto result = GDALDatasetRasterIO(
      state_->dataset.get(),
      GF_Read,
      0,
      0,
      static_cast<int>(info.width),
      static_cast<int>(info.height),
      image.bytes().data(),
      static_cast<int>(image.width()),
      static_cast<int>(image.height()),
      to_gdal(image.type()),
      static_cast<int>(numbers.size()),
      numbers.data(),
      0,
      0,
      0);
  if (result != CE_None) {
    state_->fail_with(errors);
  }
  return image;
}

}  // namespace nadir::raster
