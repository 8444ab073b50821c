// The images in a request's body: one picture, an array of them, or JSON that
// holds or names them. docs/serving.md is the specification.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/normalization.h"
#include "raster/image.h"

namespace nadir::serve {

// What an image must be.
struct ImageRules {
  data::Normalization normalization;    // with the network's bands, in order
  int64_t max_image_bytes = 64 << 20;   // of decoded pixels
  int64_t max_file_bytes = 6 << 20;     // of a file that a request names
  std::filesystem::path allowed_paths;  // where those must lie; empty: nowhere
};

enum class BodyFormat {
  kPng,
  kJpeg,
  kTiff,
  kNpy,
  kSafetensors,
  kJson,
  kJsonLines
};

// By a Content-Type, parameters and case ignored. Throws
// Error{kInvalidArgument} naming the known ones.
[[nodiscard]] BodyFormat body_format(const std::string& content_type);

// Images to be read one by one. `read` may be called from any thread, throws
// Error{kCorruptData}, {kInvalidArgument} or {kNotFound} saying which image is
// wrong and how, and gives the network's bands in their order.
struct RequestImages {
  int64_t count = 0;
  std::function<raster::Image(int64_t index)> read;
};

// Takes the body; `rules` must outlive what is returned. Throws as `read`.
[[nodiscard]] RequestImages open_images(
    BodyFormat format, std::string body, const ImageRules& rules);

}  // namespace nadir::serve
