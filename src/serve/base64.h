// Base64 (RFC 4648, section 4) into bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nadir::serve {

// Nothing where `text` is no base64: other letters, blanks included, wrong
// padding, or bits set behind the last byte.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace nadir::serve
