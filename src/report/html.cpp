#include "report/html.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace nadir::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The bytes of the UTF-8 sequence that begins at `text[at]`, 0 if malformed.
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char head = byte(at);
  if (head < 0x80) {
    return 1;
  }
  const size_t length = head >= 0xC2 && head < 0xE0   ? 2
                        : head >= 0xE0 && head < 0xF0 ? 3
                        : head >= 0xF0 && head < 0xF5 ? 4
                                                      : 0;
  if (length == 0 || at + length > text.size()) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  const bool is_overlong = (head == 0xE0 && byte(at + 1) < 0xA0) ||
                           (head == 0xF0 && byte(at + 1) < 0x90);
  const bool is_surrogate = head == 0xED && byte(at + 1) >= 0xA0;
  const bool is_too_large = head == 0xF4 && byte(at + 1) >= 0x90;
  return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    default:
      break;
  }
  const bool is_control =
      (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') ||
      c == 0x7F;
  if (is_control) {
    out += kReplacement;
  } else {
    out += c;
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    if (length == 1) {
      append_escaped(out, text[at]);
    } else if (length == 0) {
      out += kReplacement;
    } else {
      out += text.substr(at, length);
    }
    at += std::max<size_t>(length, 1);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      const uint32_t byte =
          i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U;
      group = group << 8 | byte;
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= count ? kAlphabet[(group >> (18 - 6 * i)) & 0x3F] : '=';
    }
  }
  return out;
}

std::string format_number(double value, int digits) {
  if (std::isnan(value)) {
    return "none";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  const double size = std::abs(value);
  if (size >= 1e9 || (size != 0 && size < 1e-4)) {
    return fmt::format("{:.{}g}", value, digits);
  }
  if (size < 1e4 && value == std::floor(value)) {
    return fmt::format("{:.0f}", value);
  }
  if (size < 1e4) {
    const int before = size < 1 ? 0 : static_cast<int>(std::log10(size)) + 1;
    const int leading =
        size < 1 ? -static_cast<int>(std::floor(std::log10(size))) - 1 : 0;
    return fmt::format(
        "{:.{}f}", value, std::max(0, digits - before + leading));
  }
  std::string text = fmt::format("{:.0f}", size);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), 1, ',');
  }
  return fmt::format("{}{}", value < 0 ? "-" : "", text);
}

std::string format_percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "none";
}

}  // namespace nadir::report
