// One image of a shard as bytes: a safetensors file in memory with one 2-D
// tensor a band (docs/formats/shards.md, the layout of rico-hdl). Without
// LibTorch; weights are checkpoint/safetensors.h's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/shard_value.h"
#include "raster/image.h"

namespace nadir::data {

// Pixels of one band on its own grid. Points into memory of someone else.
struct BandView {
  std::string_view name;
  raster::PixelType type = raster::PixelType::kUint8;
  int64_t height = 0;
  int64_t width = 0;
  const std::byte* pixels = nullptr;

  [[nodiscard]] int64_t num_bytes() const {
    return height * width * raster::bytes_per_pixel(type);
  }
};

// The blob; bands in the order given.
[[nodiscard]] ShardValue encode_blob(std::span<const BandView> bands);

// Where the bands of a blob lie. Images of one dataset share one header, so a
// layout is parsed once and matched by its bytes afterwards.
class BlobLayout {
 public:
  struct Band {
    std::string name;  // "B08A" of rico-hdl's EuroSAT reads as "B8A"
    raster::PixelType type;
    int64_t height;
    int64_t width;
    int64_t offset;  // from the blob's first byte
    int64_t num_bytes;
  };

  // Throws Error{kCorruptData} naming `what` if `blob` is no safetensors file,
  // has tensors that are not 2-D, overlap or lie outside, or other types than
  // U8, U16, I16 and F32.
  BlobLayout(std::string_view blob, const std::string& what);

  // Whether `blob` has this header and length.
  [[nodiscard]] bool matches(std::string_view blob) const;

  [[nodiscard]] const std::vector<Band>& bands() const { return bands_; }

  // The band, or null.
  [[nodiscard]] const Band* find(std::string_view name) const;

 private:
  std::string header_;  // with its length in front
  int64_t num_bytes_ = 0;
  std::vector<Band> bands_;
};

}  // namespace nadir::data
