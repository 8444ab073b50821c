// CRC-32 (ISO 3309, as zlib and S3 have it): of pieces in any order, joined to
// that of the whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nadir::store {

// Goes on from `crc`, that of the bytes before; 0 at the start.
[[nodiscard]] uint32_t crc32(std::string_view bytes, uint32_t crc = 0);

// That of both pieces in a row, from theirs and the second's length.
[[nodiscard]] uint32_t join_crc32(
    uint32_t first, uint32_t second, int64_t num_second_bytes);

// As S3's headers have it: base64 of four bytes, the highest first.
[[nodiscard]] std::string crc32_text(uint32_t crc);

// Base64 of bytes, padded.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace nadir::store
