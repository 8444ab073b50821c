// Small pieces of HTML: escaped text, base64, numbers for people.
#pragma once

#include <string>
#include <string_view>

namespace nadir::report {

// Text for any place in HTML, quoted attributes included: & < > " ' escaped,
// bytes that are not UTF-8 and control characters replaced by U+FFFD.
[[nodiscard]] std::string escape_html(std::string_view text);

// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

// "0.0123", "8.32", "12,345", "1.5e-07"; "none" for NaN.
[[nodiscard]] std::string format_number(double value, int digits = 3);

// "54.2 %" for 0.542; "none" for NaN.
[[nodiscard]] std::string format_percent(double share);

}  // namespace nadir::report
