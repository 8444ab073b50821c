#include "raster/cog_writer.h"

#include <cmath>
#include <limits>

#include <cpl_string.h>
#include <gdal.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "raster/gdal_dataset.h"
#include "raster/gdal_session.h"

namespace nadir::raster {
namespace {

namespace fs = std::filesystem;

// GDAL's progress: 0 makes it give up.
int go_on_unless_told(double, const char*, void*) {
  return caught_signal() == 0 ? 1 : 0;
}

class StringList {
 public:
  explicit StringList(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      list_ = CSLAddString(list_, text.c_str());
    }
  }

  ~StringList() { CSLDestroy(list_); }

  StringList(const StringList&) = delete;
  StringList& operator=(const StringList&) = delete;

  [[nodiscard]] char** get() const { return list_; }

 private:
  char** list_ = nullptr;
};

bool describe(GDALDatasetH dataset, const CogLayout& layout) {
  bool is_done = true;
  const auto& georeference = layout.georeference;
  if (!georeference.crs.empty()) {
    const auto wkt = to_wkt(georeference.crs);
    is_done = GDALSetProjection(dataset, wkt.c_str()) == CE_None;
  }
  auto transform = georeference.transform;
  if (transform != Georeference().transform) {
    is_done =
        is_done && GDALSetGeoTransform(dataset, transform.data()) == CE_None;
  }
  for (const auto& [key, value] : layout.metadata) {
    is_done =
        is_done && GDALSetMetadataItem(
                       dataset, key.c_str(), value.c_str(), nullptr) == CE_None;
  }
  for (size_t b = 0; b < layout.band_names.size(); ++b) {
    auto* band = GDALGetRasterBand(dataset, static_cast<int>(b) + 1);
    GDALSetDescription(band, layout.band_names[b].c_str());
    is_done = is_done &&
              GDALSetRasterNoDataValue(
                  band, std::numeric_limits<double>::quiet_NaN()) == CE_None;
  }
  return is_done;
}

}  // namespace

struct CogWriter::State {
  fs::path path;
  fs::path plain_path;
  DatasetPtr plain;
  int num_bands = 0;
  int width = 0;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() {
    plain.reset();
    std::error_code ignored;
    fs::remove(plain_path, ignored);
  }

  [[noreturn]] void fail_with(const GdalErrors& errors) const {
    fail(ErrorCode::kIo, "cannot write {}: {}", path.string(), errors.text());
  }
};

CogWriter::CogWriter(fs::path path, const CogLayout& layout)
    : state_(std::make_unique<State>()) {
  NADIR_CHECK(
      layout.height > 0 && layout.width > 0 && !layout.band_names.empty(),
      "a GeoTIFF needs at least one pixel and one band, got {} x {} x {}",
      layout.band_names.size(),
      layout.height,
      layout.width);
  const GdalErrors errors;
  const fs::path parent = path.has_parent_path() ? path.parent_path() : ".";
  make_folder(parent);
  // One name, so that what a kill has left is written over.
  state_->plain_path =
      parent / fmt::format(".{}.rows", path.filename().string());
  state_->path = std::move(path);
  state_->num_bands = static_cast<int>(layout.band_names.size());
  state_->width = static_cast<int>(layout.width);
  const StringList options({"INTERLEAVE=BAND", "BIGTIFF=IF_SAFER"});
  state_->plain.reset(GDALCreate(
      GDALGetDriverByName("GTiff"),
      state_->plain_path.c_str(),
      state_->width,
      static_cast<int>(layout.height),
      state_->num_bands,
      GDT_Float32,
      options.get()));
  if (!state_->plain || !describe(state_->plain.get(), layout)) {
    state_->fail_with(errors);
  }
}

CogWriter::~CogWriter() = default;

void CogWriter::write_row(int64_t row, std::span<const float> values) {
  NADIR_ASSERT(
      static_cast<int64_t>(values.size()) ==
      int64_t{state_->num_bands} * state_->width);
  const GdalErrors errors;
  auto* pixels = const_cast<float*>(values.data());  // only read
  const auto result = GDALDatasetRasterIO(
      state_->plain.get(),
      GF_Write,
      0,
      static_cast<int>(row),
      state_->width,
      1,
      pixels,
      state_->width,
      1,
      GDT_Float32,
      state_->num_bands,
      nullptr,
      0,
      0,
      0);
  if (result != CE_None) {
    state_->fail_with(errors);
  }
}

void CogWriter::finish() {
  const GdalErrors errors;
  GDALFlushCache(state_->plain.get());
  if (errors.is_any()) {  // a full disk
    state_->fail_with(errors);
  }
  write_file_with(state_->path, [&](const fs::path& temporary) {
    const StringList options(
        {"COMPRESS=DEFLATE",
         "PREDICTOR=YES",
         "OVERVIEWS=AUTO",
         "RESAMPLING=AVERAGE",
         "BIGTIFF=IF_SAFER",
         "NUM_THREADS=ALL_CPUS"});
    const DatasetPtr cog(GDALCreateCopy(
        GDALGetDriverByName("COG"),
        temporary.c_str(),
        state_->plain.get(),
        FALSE,
        options.get(),
        go_on_unless_told,
        nullptr));
    if (!cog) {
      stop_if_told("maps begun so far");
      state_->fail_with(errors);
    }
  });
  state_.reset();  // and with it the rows
}

Georeference coarser(const Georeference& grid, double factor) {
  Georeference coarse = grid;
  for (const int place : {1, 2, 4, 5}) {
    coarse.transform[place] *= factor;
  }
  return coarse;
}

}  // namespace nadir::raster
