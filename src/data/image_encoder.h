// An image of a packing as a shard's entry.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/normalization.h"
#include "data/pack_input.h"
#include "data/safetensors_blob.h"
#include "data/shard_value.h"

namespace nadir::data {

// Thread-safe.
class ImageEncoder {
 public:
  using BandViews = std::vector<BandView>;

  // `type` is "uint8", "uint16" or "" for that of the source; `input` must
  // outlive the object. Throws Error{kInvalidArgument} for another type.
  ImageEncoder(std::string type, const PackInput& input);

  // Decodes the image, brings it to the type, and calls `see` with its bands
  // when nothing can fail any more. Throws Error{kCorruptData} or
  // Error{kInvalidArgument}.
  [[nodiscard]] ShardEntry encode(
      const PackItem& item,
      const std::function<void(const BandViews&)>& see) const;

  // The bands of an entry, valid as long as it is.
  [[nodiscard]] BandViews views_of(const ShardEntry& entry) const;

  // How reflectance is brought to 8 bits, as dataset.json names it; "" where
  // values stay as they are.
  [[nodiscard]] std::string scaling() const;

 private:
  [[nodiscard]] BandViews views_of(
      const std::vector<raster::Image>& images) const;
  void check_type(const BandViews& views) const;

  std::string type_;
  const PackInput& input_;
  std::optional<Normalization> scaling_;
};

}  // namespace nadir::data
