#include "raster/projection.h"

#include <utility>
#include <vector>

#include <cpl_conv.h>
#include <ogr_spatialref.h>

#include "core/error.h"
#include "raster/gdal_session.h"

namespace nadir::raster {
namespace {

struct ReferenceCloser {
  void operator()(void* reference) const { OSRRelease(reference); }
};

using ReferencePtr = std::unique_ptr<void, ReferenceCloser>;

ReferencePtr make_reference(const std::string& crs) {
  const GdalErrors errors;
  ReferencePtr reference(OSRNewSpatialReference(nullptr));
  // The text may be an archive's: no file and no address that it names is
  // looked up. (The C interface has no such limits before GDAL 3.9.)
  auto* input = OGRSpatialReference::FromHandle(reference.get());
  if (input->SetFromUserInput(
          crs.c_str(),
          OGRSpatialReference::SET_FROM_USER_INPUT_LIMITATIONS_get()) !=
      OGRERR_NONE) {
    fail(
        ErrorCode::kInvalidArgument,
        "unknown projection '{:.80}': {}",
        crs,
        errors.text());
  }
  OSRSetAxisMappingStrategy(reference.get(), OAMS_TRADITIONAL_GIS_ORDER);
  return reference;
}

}  // namespace

struct Transformer::State {
  ~State() { OCTDestroyCoordinateTransformation(handle); }

  OGRCoordinateTransformationH handle = nullptr;
};

Transformer::Transformer(
    const std::string& source_crs, const std::string& target_crs)
    : state_(std::make_unique<State>()) {
  const ReferencePtr source = make_reference(source_crs);
  const ReferencePtr target = make_reference(target_crs);
  const GdalErrors errors;
  state_->handle = OCTNewCoordinateTransformation(source.get(), target.get());
  if (state_->handle == nullptr) {
    fail(
        ErrorCode::kInvalidArgument,
        "no way from projection '{:.80}' to '{:.80}': {}",
        source_crs,
        target_crs,
        errors.text());
  }
}

Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;
Transformer& Transformer::operator=(Transformer&&) noexcept = default;

bool Transformer::transform(std::span<double> x, std::span<double> y) const {
  NADIR_ASSERT(x.size() == y.size());
  const GdalErrors errors;  // keeps PROJ's messages off the terminal
  std::vector<int> is_done(x.size());
  return OCTTransformEx(
             state_->handle,
             static_cast<int>(x.size()),
             x.data(),
             y.data(),
             nullptr,
             is_done.data()) != 0;
}

TransformerCache::TransformerCache(std::string target_crs)
    : target_crs_(std::move(target_crs)) {}

const Transformer& TransformerCache::from(const std::string& source_crs) {
  const auto found = transformers_.find(source_crs);
  if (found != transformers_.end()) {
    return found->second;
  }
  return transformers_.emplace(source_crs, Transformer(source_crs, target_crs_))
      .first->second;
}

std::string proj_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  OSRGetPROJVersion(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

std::string projjson(const std::string& crs) {
  const ReferencePtr reference = make_reference(crs);
  const GdalErrors errors;
  char* json = nullptr;
  if (OSRExportToPROJJSON(reference.get(), &json, nullptr) != OGRERR_NONE) {
    fail(
        ErrorCode::kInvalidArgument,
        "projection '{:.80}' has no PROJJSON: {}",
        crs,
        errors.text());
  }
  std::string text = json;
  CPLFree(json);
  return text;
}

}  // namespace nadir::raster
