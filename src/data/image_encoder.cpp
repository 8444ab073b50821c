#include "data/image_encoder.h"

#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "data/band_stack.h"

namespace nadir::data {
namespace {

using raster::Image;
using raster::PixelType;

constexpr char kScaling[] = "rgb2000";

}  // namespace

ImageEncoder::ImageEncoder(std::string type, const PackInput& input)
    : type_(std::move(type)), input_(input) {
  NADIR_CHECK(
      type_.empty() || type_ == "uint8" || type_ == "uint16",
      "dtype must be uint8 or uint16, got '{}'",
      type_);
  // Bands named by one letter or digit are a picture's, not reflectance.
  if (type_ == "uint8" && input_.bands().front().size() > 1) {
    scaling_ = make_normalization(
        kScaling, input_.bands(), PixelType::kUint16, nullptr);
  }
}

ShardEntry ImageEncoder::encode(
    const PackItem& item,
    const std::function<void(const BandViews&)>& see) const {
  std::vector<Image> images = input_.decode(item);
  if (scaling_ && images.front().type() != PixelType::kUint8) {
    images = {scaling_->to_unit(stack_bands(views_of(images), item.name))};
  }
  const auto views = views_of(images);
  check_type(views);
  ShardValue value = encode_blob(views);
  std::string sha256 = sha256_hex(value.bytes());
  see(views);
  return {item.name, std::move(value), std::move(sha256)};
}

ImageEncoder::BandViews ImageEncoder::views_of(const ShardEntry& entry) const {
  const auto blob = entry.value.bytes();
  const BlobLayout layout(blob, entry.key);
  BandViews views;
  for (const auto& name : input_.bands()) {
    const auto* band = layout.find(name);
    NADIR_ASSERT(band != nullptr);
    views.push_back(
        {name,
         band->type,
         band->height,
         band->width,
         reinterpret_cast<const std::byte*>(blob.data()) + band->offset});
  }
  return views;
}

ImageEncoder::BandViews ImageEncoder::views_of(
    const std::vector<Image>& images) const {
  BandViews views;
  for (const auto& image : images) {
    for (int64_t b = 0; b < image.num_bands(); ++b) {
      views.push_back(view_of(image, b, input_.bands()[views.size()]));
    }
  }
  return views;
}

void ImageEncoder::check_type(const BandViews& views) const {
  const std::string& type = pixel_type_name(views.front().type);
  if (!type_.empty() && type != type_) {
    fail(
        ErrorCode::kInvalidArgument,
        "has {} pixels; leave out --dtype {}",
        type,
        type_);
  }
}

std::string ImageEncoder::scaling() const {
  return scaling_ ? kScaling : "";
}

}  // namespace nadir::data
