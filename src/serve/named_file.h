// Images that a request names instead of holding them. Private to the room.
#pragma once

#include <string>

#include "serve/request_images.h"

namespace nadir::serve {

// `path` below rules.allowed_paths: a picture, a GeoTIFF, a .npy or a
// safetensors file, or a folder with a file a band (PATCH_B02.tif or B02.tif).
// Throws Error{kInvalidArgument} where no paths are allowed, or it leads
// elsewhere, by links too; Error{kNotFound} where there is nothing.
[[nodiscard]] raster::Image read_named_image(
    const std::string& path, const std::string& name, const ImageRules& rules);

}  // namespace nadir::serve
