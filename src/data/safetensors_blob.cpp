#include "data/safetensors_blob.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"

namespace nadir::data {
namespace {

using raster::PixelType;

static_assert(std::endian::native == std::endian::little);

constexpr size_t kLengthBytes = 8;
// The format's own bound on headers; guards against garbage.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

const char* dtype_name(PixelType type) {
  switch (type) {
    case PixelType::kUint8:
      return "U8";
    case PixelType::kUint16:
      return "U16";
    case PixelType::kInt16:
      return "I16";
    case PixelType::kFloat32:
      break;
  }
  return "F32";
}

PixelType pixel_type(const std::string& dtype) {
  for (const PixelType type :
       {PixelType::kUint8,
        PixelType::kUint16,
        PixelType::kInt16,
        PixelType::kFloat32}) {
    if (dtype == dtype_name(type)) {
      return type;
    }
  }
  throw std::invalid_argument("the type " + dtype + " is no pixel type");
}

BlobLayout::Band read_band(
    const std::string& name, const nlohmann::json& entry, int64_t data_begin) {
  const auto& shape = entry.at("shape");
  const auto& offsets = entry.at("data_offsets");
  if (shape.size() != 2 || offsets.size() != 2) {
    throw std::invalid_argument("band " + name + " is not 2-D");
  }
  const auto begin = offsets[0].get<int64_t>();
  BlobLayout::Band band = {
      .name = name == "B08A" ? "B8A" : name,
      .type = pixel_type(entry.at("dtype").get<std::string>()),
      .height = shape[0].get<int64_t>(),
      .width = shape[1].get<int64_t>(),
      .offset = data_begin + begin,
      .num_bytes = offsets[1].get<int64_t>() - begin};
  constexpr int64_t kMaxSide = 1 << 20;
  if (band.height <= 0 || band.width <= 0 || band.height > kMaxSide ||
      band.width > kMaxSide || begin < 0 ||
      band.num_bytes !=
          band.height * band.width * raster::bytes_per_pixel(band.type)) {
    throw std::invalid_argument(
        "band " + name + " has a shape that is not that of its bytes");
  }
  return band;
}

// Bands in the order of their bytes, which must cover the data exactly.
void check_coverage(
    std::vector<BlobLayout::Band>& bands, int64_t begin, int64_t end) {
  std::sort(bands.begin(), bands.end(), [](const auto& a, const auto& b) {
    return a.offset < b.offset;
  });
  for (const auto& band : bands) {
    if (band.offset != begin) {
      throw std::invalid_argument("bands overlap or leave a gap");
    }
    begin += band.num_bytes;
  }
  if (begin != end) {
    throw std::invalid_argument(
        "the bands need " + std::to_string(begin) + " bytes, there are " +
        std::to_string(end));
  }
}

// Its length, and JSON padded to whole words.
std::string encode_header(std::span<const BandView> bands) {
  std::string text = "{";
  int64_t offset = 0;
  for (const auto& band : bands) {
    text += fmt::format(
        R"({}{}:{{"dtype":"{}","shape":[{},{}],"data_offsets":[{},{}]}})",
        offset == 0 ? "" : ",",
        json_text(nlohmann::json(band.name)),
        dtype_name(band.type),
        band.height,
        band.width,
        offset,
        offset + band.num_bytes());
    offset += band.num_bytes();
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), kLengthBytes) +
         text;
}

}  // namespace

ShardValue encode_blob(std::span<const BandView> bands) {
  const std::string header = encode_header(bands);
  int64_t num_bytes = static_cast<int64_t>(header.size());
  for (const auto& band : bands) {
    num_bytes += band.num_bytes();
  }
  ShardValue blob(num_bytes);
  char* end = std::copy(header.begin(), header.end(), blob.data());
  for (const auto& band : bands) {
    end = std::copy_n(
        reinterpret_cast<const char*>(band.pixels), band.num_bytes(), end);
  }
  return blob;
}

BlobLayout::BlobLayout(std::string_view blob, const std::string& what)
    : num_bytes_(static_cast<int64_t>(blob.size())) {
  try {
    uint64_t length = 0;
    if (blob.size() < kLengthBytes) {
      throw std::invalid_argument("it is too short");
    }
    std::memcpy(&length, blob.data(), kLengthBytes);
    if (length > kMaxHeaderBytes || length > blob.size() - kLengthBytes) {
      throw std::invalid_argument("its header is cut short");
    }
    header_ = blob.substr(0, kLengthBytes + length);
    const auto json = nlohmann::json::parse(
        header_.begin() + static_cast<std::ptrdiff_t>(kLengthBytes),
        header_.end());
    for (const auto& [name, entry] : json.items()) {
      if (name != "__metadata__") {
        bands_.push_back(
            read_band(name, entry, static_cast<int64_t>(header_.size())));
      }
    }
    check_coverage(bands_, static_cast<int64_t>(header_.size()), num_bytes_);
  } catch (const std::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} is no safetensors image: {}",
        what,
        error.what());
  }
}

bool BlobLayout::matches(std::string_view blob) const {
  return static_cast<int64_t>(blob.size()) == num_bytes_ &&
         blob.starts_with(header_);
}

const BlobLayout::Band* BlobLayout::find(std::string_view name) const {
  for (const auto& band : bands_) {
    if (band.name == name) {
      return &band;
    }
  }
  return nullptr;
}

}  // namespace nadir::data
