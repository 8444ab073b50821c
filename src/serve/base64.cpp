#include "serve/base64.h"

#include <array>
#include <cstdint>

namespace nadir::serve {
namespace {

constexpr int8_t kNoDigit = -1;

constexpr std::array<int8_t, 256> make_digits() {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<int8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kLetters.size(); ++i) {
    digits[static_cast<unsigned char>(kLetters[i])] = static_cast<int8_t>(i);
  }
  return digits;
}

constexpr auto kDigits = make_digits();

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  size_t num_padding = 0;
  while (num_padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++num_padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char letter : text) {
    const int8_t digit = kDigits[static_cast<unsigned char>(letter)];
    if (digit == kNoDigit) {
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<uint32_t>(digit);
    num_bits += 6;
    if (num_bits >= 8) {
      num_bits -= 8;
      bytes += static_cast<char>(bits >> num_bits & 0xFF);
    }
  }
  if ((bits & ((1U << num_bits) - 1)) != 0) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace nadir::serve
