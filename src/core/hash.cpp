#include "core/hash.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include <openssl/evp.h>

#include "core/error.h"

namespace nadir {

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(Kind kind) : state_(std::make_unique<State>()) {
  const EVP_MD* method = kind == Kind::kMd5 ? EVP_md5() : EVP_sha256();
  if (EVP_DigestInit_ex(state_->context, method, nullptr) != 1) {
    fail(ErrorCode::kInternal, "OpenSSL offers no such digest");
  }
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Hasher::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += fmt::format("{:02x}", digest[i]);
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Hasher hasher(Hasher::Kind::kSha256);
  hasher.update(bytes);
  return hasher.hex();
}

std::string file_hash_hex(
    Hasher::Kind kind, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    fail(
        reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        "cannot open {}: {}",
        path.string(),
        std::strerror(reason));
  }
  Hasher hasher(kind);
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
         file.gcount() > 0) {
    hasher.update({buffer.data(), static_cast<size_t>(file.gcount())});
  }
  if (file.bad()) {
    fail(ErrorCode::kIo, "cannot read {}", path.string());
  }
  return hasher.hex();
}

uint32_t crc32c(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
      }
      made[i] = value;
    }
    return made;
  }();
  uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  return ~crc;
}

}  // namespace nadir
