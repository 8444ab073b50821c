// Pictures as users keep them: JPEG, PNG and TIFF, told apart by their first
// bytes and not by the name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "raster/claimed_size.h"
#include "raster/image.h"

namespace nadir::raster {

// Height and width as stored (an EXIF orientation is not applied). Colour
// gives bands R, G, B; palettes are expanded, an alpha channel of a PNG is
// dropped; PNG samples of 16 bits give uint16; TIFF keeps all its bands.
// Thread-safe. Throws Error{kNotFound}, Error{kIo}, or Error{kCorruptData}
// naming the file if it is damaged, cut short or of another kind.
[[nodiscard]] Image read_image(const std::filesystem::path& path);

// The same from bytes; `name` is for messages. Pixels of more than `max_bytes`
// are refused before they are allocated.
[[nodiscard]] Image decode_image(
    std::string_view bytes,
    const std::string& name,
    int64_t max_bytes = kAnySize);

// Whether the file's name ends as those of pictures do (.jpg, .jpeg, .png,
// .tif, .tiff, any case).
[[nodiscard]] bool has_image_extension(const std::filesystem::path& path);

// A PNG of 1 (grey), 3 (RGB) or 4 (RGBA) bands of uint8.
// Throws Error{kInvalidArgument} for any other image.
[[nodiscard]] std::string encode_png(const Image& image);

// The same into a file, replaced atomically (core/file.h).
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace nadir::raster
