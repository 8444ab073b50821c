#include "store/checksum.h"

#include <array>

#include <zlib.h>

#include <openssl/evp.h>

namespace nadir::store {

uint32_t crc32(std::string_view bytes, uint32_t crc) {
  return static_cast<uint32_t>(::crc32_z(
      crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

uint32_t join_crc32(uint32_t first, uint32_t second, int64_t num_second_bytes) {
  return static_cast<uint32_t>(
      ::crc32_combine(first, second, num_second_bytes));
}

std::string crc32_text(uint32_t crc) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) {
    bytes += static_cast<char>((crc >> shift) & 0xff);
  }
  return base64(bytes);
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(text.data()),
      reinterpret_cast<const unsigned char*>(bytes.data()),
      static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace nadir::store
